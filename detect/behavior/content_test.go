package behavior

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// text is of words, as people write it.
func text(seed uint64, size int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	words := strings.Fields("the sum of all that is owed to us by those who have not paid since spring comes to more than was thought and will be asked for in March")
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "%s %d ", words[r.IntN(len(words))], r.IntN(1000))
	}
	return b.Bytes()[:size]
}

func encrypted(t testing.TB, plain []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(text(7, 32))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, len(plain))
	cipher.NewCTR(block, plain[:block.BlockSize()]).XORKeyStream(out, plain)
	return out
}

// random gives bytes as chance would have them, always the same.
func random(seed uint64, size int) []byte {
	r := rand.New(rand.NewPCG(seed, 2))
	out := make([]byte, 0, size+8)
	for len(out) < size {
		out = binary.LittleEndian.AppendUint64(out, r.Uint64())
	}
	return out[:size]
}

func packed(t testing.TB, plain []byte, with func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var b bytes.Buffer
	w := with(&b)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func picture(t testing.TB, write func(io.Writer, image.Image) error) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 500, 400))
	r := rand.New(rand.NewPCG(3, 4))
	for i := range m.Pix {
		m.Pix[i] = uint8(128 + 90*math.Sin(float64(i)/900) + float64(r.IntN(30)))
	}
	m.Set(0, 0, color.Black)
	var b bytes.Buffer
	if err := write(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// look takes the parts that the sensor takes.
func look(b []byte) Content {
	middle := b[len(b)/2:]
	return Measure(b[:min(Part, len(b))], middle[:min(Part, len(middle))])
}

func TestContent(t *testing.T) {
	plain := text(1, 200<<10)
	table := func(io.Writer) []byte {
		var b []byte
		for i := range uint64(20000) {
			b = binary.LittleEndian.AppendUint64(b, i*37)
		}
		return b
	}(nil)
	for _, c := range []struct {
		name   string
		b      []byte
		random bool
	}{
		{"AES-CTR", encrypted(t, plain), true},
		{"AES-CTR, little", encrypted(t, plain[:600]), true},
		{"AES-CTR of the first 4 KiB only", append(encrypted(t, plain[:Part]), plain...), true},
		{"AES-CTR after a header of its own", append(append([]byte("LOCKED01"), make([]byte, 800)...), encrypted(t, plain)...), true},
		{"openssl enc", append([]byte("Salted__12345678"), encrypted(t, plain)...), true},

		{"text", plain, false},
		{"empty", nil, false},
		{"too little to tell", encrypted(t, plain[:400]), false},
		{"base64 of what is encrypted", []byte(base64.StdEncoding.EncodeToString(encrypted(t, plain))), false},
		{"numbers", table, false},
		{"all values in turn", bytes.Repeat(func() (b []byte) {
			for i := range 256 {
				b = append(b, byte(i))
			}
			return b
		}(), 64), false},
		{"a hole before what is random, as of a download", append(make([]byte, 64<<10), encrypted(t, plain)[:64<<10]...), false},
		{"gzip", packed(t, plain, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }), false},
		{"jpeg", picture(t, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }), false},
		{"png", picture(t, png.Encode), false},
		{"a format known by its beginning", append([]byte("\x28\xb5\x2f\xfd"), random(5, 64<<10)...), false},
	} {
		got := look(c.b)
		t.Logf("%-48s beginning %.2f bits, chi-square %.0f; middle %.2f, %.0f; known %t", c.name, got.Head.Bits, got.Head.Chi, got.Middle.Bits, got.Middle.Chi, got.Known)
		if got.Random() != c.random {
			t.Errorf("%s: random %t", c.name, got.Random())
		}
	}
}

// Hardly anything encrypted passes for something else. Of what is deflated most passes
// for encrypted: only that its format is known by its beginning tells.
func TestContentShares(t *testing.T) {
	sealed, gzipped, deflated, n := 0, 0, 0, 0
	for _, b := range ownSource(t) {
		n++
		if c := look(encrypted(t, b)); c.Random() {
			sealed++
		}
		c := look(packed(t, b, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }))
		if c.Random() {
			gzipped++
		}
		if c.Known = false; c.Random() {
			deflated++
		}
	}
	t.Logf("of %d: %d encrypted and %d gzipped look random, %d were gzip not known", n, sealed, gzipped, deflated)
	if n < 20 || sealed < n*95/100 || gzipped > 0 {
		t.Errorf("of %d: %d encrypted and %d gzipped look random", n, sealed, gzipped)
	}
}

// ownSource is this module's source in pieces of 32 KiB.
func ownSource(t *testing.T) [][]byte {
	t.Helper()
	var all []byte
	for _, pattern := range []string{"../../*/*.go", "../../*/*/*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
	}
	return slices.Collect(slices.Chunk(all[:len(all)>>15<<15], 32<<10))
}

func TestKnown(t *testing.T) {
	rest := random(9, 1024)
	begins := func(with string) []byte { return append([]byte(with), rest...) }
	at := func(offset int, with string) []byte {
		b := bytes.Clone(rest)
		copy(b[offset:], with)
		return b
	}
	for name, b := range map[string][]byte{
		"zip": begins("PK\x03\x04"), "gzip": begins("\x1f\x8b\x08"), "xz": begins("\xfd7zXZ\x00"), "zstd": begins("\x28\xb5\x2f\xfd"),
		"bzip2": begins("BZh9"), "7z": begins("7z\xbc\xaf\x27\x1c"), "rar": begins("Rar!\x1a\x07"), "lz4": begins("\x04\x22\x4d\x18"),
		"png": begins("\x89PNG\r\n\x1a\n"), "jpeg": begins("\xff\xd8\xff\xe0"), "webp": begins("RIFF\x00\x00\x00\x00WEBP"), "mp4": at(4, "ftypisom"),
		"pdf": begins("%PDF-1.7"), "mp3": begins("\xff\xfb\x90\x00"), "mkv": begins("\x1aE\xdf\xa3"), "pack": begins("PACK\x00\x00\x00\x02"),
		"tar": at(257, "ustar"), "git object": begins("\x78\x01"), "borg": begins("BORG_SEG"), "LUKS": begins("LUKS\xba\xbe"),
	} {
		if !known(b) {
			t.Errorf("%s is not known", name)
		}
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "little": []byte("PK"), "random": rest, "openssl": begins("Salted__"), "age": begins("age-encryption.org/v1"), "OpenPGP": begins("\x85\x02\x0c\x03"),
	} {
		if known(b) {
			t.Errorf("%s is known", name)
		}
	}
}

func TestMeasureAllocatesNothing(t *testing.T) {
	b := random(1, Part)
	if n := testing.AllocsPerRun(100, func() { _ = Measure(b, b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzMeasure(f *testing.F) {
	f.Add([]byte(nil), []byte(nil))
	f.Add([]byte("\x1f\x8b\x08"), random(2, 600))
	f.Add(random(3, 5000), text(1, 5000))
	f.Fuzz(func(t *testing.T, head, middle []byte) {
		c := Measure(head, middle)
		for _, s := range []Spread{c.Head, c.Middle} {
			if !(s.Bits >= 0 && s.Bits <= 8.000001) || !(s.Chi >= 0) || math.IsInf(s.Chi, 0) {
				t.Fatalf("%+v", s)
			}
		}
		if c.Random() && (c.Known || len(head) < shortest) {
			t.Fatalf("%+v of %d bytes looks random", c, len(head))
		}
		// Order is nothing to it, and what follows does not change how a file begins.
		if again := Measure(append(bytes.Clone(head), middle...), nil); c.Known && len(head) >= 400 && !again.Known {
			t.Fatal("a format is forgotten")
		}
		turned := bytes.Clone(middle)
		for i, j := 0, len(turned)-1; i < j; i, j = i+1, j-1 {
			turned[i], turned[j] = turned[j], turned[i]
		}
		if s := spread(turned); math.Abs(s.Bits-c.Middle.Bits) > 1e-9 || math.Abs(s.Chi-c.Middle.Chi) > 1e-6 {
			t.Fatalf("%+v, turned %+v", c.Middle, s)
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	head := random(1, Part)
	b.SetBytes(2 * Part)
	for b.Loop() {
		_ = Measure(head, head)
	}
}
