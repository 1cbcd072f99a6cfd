package batch_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"

	"vigil/uplink/batch"
)

// words are so many bytes of words that come again and again, a few of them new.
func words(random *rand.Rand, n int) []byte {
	var b []byte
	for len(b) < n {
		b = fmt.Appendf(b, "/usr/lib/part-%d/%x", random.IntN(40), random.Uint64N(1<<random.IntN(64)))
		for range random.IntN(3) * random.IntN(300) {
			b = append(b, 'x')
		}
	}
	return b[:n]
}

func scattered(random *rand.Rand, n, of int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.IntN(of))
	}
	return b
}

// What the compressor makes is a frame as others read it, whatever the payload is.
func TestFrame(t *testing.T) {
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	random := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 1, 7, 8, 63, 64, 200, 1000, 1023, 1024, 5000, 16383, 16384, 70_000, 128 << 10, 128<<10 + 1, 400_000} {
		for kind := range byte(4) {
			for name, payload := range map[string][]byte{
				"words": words(random, n), "zeros": make([]byte, n), "numbers": scattered(random, n, 20), "noise": scattered(random, n, 256),
			} {
				frame := batch.Frame(payload, []int{n / 3, n / 2, n}, []byte{kind, 2, kind})
				got, err := z.DecodeAll(frame, nil)
				if err != nil || !bytes.Equal(got, payload) {
					t.Fatalf("%d bytes of %s, kind %d: %v", n, name, kind, err)
				}
				if len(frame) > n+3*(n>>17+4)+9 {
					t.Errorf("%d bytes of %s became %d", n, name, len(frame))
				}
			}
		}
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc"), 1, 20, byte(0))
	f.Add(words(rand.New(rand.NewPCG(7, 8)), 3000), 40, 2000, byte(3))
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(z.Close)
	f.Fuzz(func(t *testing.T, piece []byte, times, cut int, kind byte) {
		payload := bytes.Repeat(piece, min(max(times, 0), 1+30_000/(len(piece)+1)))
		cut = min(max(cut, 0), len(payload))
		frame := batch.Frame(payload, []int{cut, len(payload)}, []byte{kind, kind / 4})
		if got, err := z.DecodeAll(frame, nil); err != nil || !bytes.Equal(got, payload) {
			t.Fatalf("%d bytes came back as %d: %v", len(payload), len(got), err)
		}
	})
}
