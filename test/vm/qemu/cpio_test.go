package qemu

import (
	"bytes"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"
)

// list reads an archive back, one line for each entry: mode, device, name, content.
func list(t *testing.T, data []byte) []string {
	t.Helper()
	var lines []string
	inodes := map[uint64]bool{}
	aligned := func(n int) int { return (n + 3) &^ 3 }
	for at := 0; ; {
		if at%4 != 0 || len(data) < at+110 || string(data[at:at+6]) != "070701" {
			t.Fatalf("no header at %d of %d", at, len(data))
		}
		var field [13]uint64
		for i := range field {
			text := string(data[at+6+8*i : at+14+8*i])
			value, err := strconv.ParseUint(text, 16, 32)
			if err != nil {
				t.Fatalf("field %d at %d: %v", i, at, err)
			}
			field[i] = value
		}
		nameEnd := at + 110 + int(field[11])
		name := string(data[at+110 : nameEnd-1])
		if data[nameEnd-1] != 0 {
			t.Fatalf("%s: its name does not end in a zero byte", name)
		}
		body := aligned(nameEnd)
		at = aligned(body + int(field[6]))
		if name == "TRAILER!!!" {
			if at != len(data) {
				t.Fatalf("%d bytes after the end", len(data)-at)
			}
			return lines
		}
		if inodes[field[0]] {
			t.Errorf("%s: inode %d is another's: Linux would link the two", name, field[0])
		}
		inodes[field[0]] = true
		lines = append(lines, fmt.Sprintf("%06o %d:%d %s %q",
			field[1], field[9], field[10], name, data[body:body+int(field[6])]))
	}
}

func TestArchive(t *testing.T) {
	var out bytes.Buffer
	a := newArchive(&out)
	steps := []error{
		a.text("/init", 0o755, "#!sh"),
		a.text("a/b/c", 0o600, "12345"),
		a.dir("a/b", 0o700), // is there already
		a.text("a/empty", fs.ModeSetuid|0o755, ""),
		a.symlink("sbin", "bin"),
		a.text("/sbin/tool", 0o755, "x"),
		a.char("dev/console", 0o600, 5, 1),
		a.close(),
	}
	for i, err := range steps {
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	want := []string{
		`100755 0:0 init "#!sh"`,
		`040755 0:0 a ""`,
		`040755 0:0 a/b ""`,
		`100600 0:0 a/b/c "12345"`,
		`104755 0:0 a/empty ""`,
		`120777 0:0 sbin "bin"`,
		`100755 0:0 sbin/tool "x"`,
		`040755 0:0 dev ""`,
		`020600 5:1 dev/console ""`,
	}
	got := list(t, out.Bytes())
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestArchiveShortFile(t *testing.T) {
	a := newArchive(&bytes.Buffer{})
	if err := a.file("f", 0o644, 10, strings.NewReader("short")); err == nil {
		t.Error("a file that ends before its size is no error")
	}
}
