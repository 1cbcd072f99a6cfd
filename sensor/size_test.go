package sensor

import "testing"

func TestParseSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "1": 1, "4096": 4096, "4KiB": 4096, "4 KiB": 4096, "8MiB": 8 << 20, "1GiB": 1 << 30, "3GiB": 3 << 30,
		"4294967295": 1<<32 - 1, "4194303KiB": 4194303 << 10,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "+1", "1kB", "1K", "1.5MiB", "4GiB", "4294967296", "4194304KiB", "1MiBMiB", "0x10", "1_000", "eight"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
	for size, want := range map[Size]string{0: "0", 1: "1", 1023: "1023", 1024: "1KiB", 1025: "1025", 1536: "1536", 1 << 20: "1MiB", 5 << 10: "5KiB", 1 << 30: "1024MiB"} {
		if got := size.String(); got != want {
			t.Errorf("%d is written %s, want %s", uint32(size), got, want)
		}
	}
}

// FuzzSize reads a size, writes it, and reads it again.
func FuzzSize(f *testing.F) {
	for _, text := range []string{"4096", "64KiB", "8MiB", "4GiB", "1.5MiB", " 7 MiB"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		size, err := ParseSize(text)
		if err != nil {
			return
		}
		if again, err := ParseSize(size.String()); err != nil || again != size {
			t.Errorf("%q is %d, written %s, read again %d, %v", text, uint32(size), size, uint32(again), err)
		}
	})
}
