//go:build linux

package benign

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
)

// A tree of the kernel's size has this many files, here of half a KiB to 3.5 KiB.
const (
	kernelFiles = 80000
	perFolder   = 16
)

// kernelSized writes a tree like the kernel's sources, as a compressed tar.
func kernelSized(w io.WriteCloser) error {
	squeezed, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	out := tar.NewWriter(squeezed)
	source := sourceText()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range kernelFiles {
		folder := i / perFolder
		head := tar.Header{Typeflag: tar.TypeReg, Mode: 0o644, Name: fmt.Sprintf("linux/drivers/bus%d/chip%d/part%d.c", folder/64, folder%64, i%perFolder)}
		from, size := random.IntN(len(source)/2), 512+random.IntN(3*1024)
		head.Size = int64(size)
		if err := out.WriteHeader(&head); err != nil {
			return err
		}
		if _, err := out.Write(source[from : from+size]); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	if err := squeezed.Close(); err != nil {
		return err
	}
	return w.Close()
}

// sourceText is what looks like C to a compressor.
func sourceText() []byte {
	words := []string{"static int", "struct device *", "return", "if (!", "unsigned long", "EXPORT_SYMBOL(", "kfree(", "mutex_lock(&", "\n\t", ";\n", ") {\n", "}\n\n"}
	random := rand.New(rand.NewPCG(3, 4))
	var b []byte
	for len(b) < 1<<20 {
		b = append(b, words[random.IntN(len(words))]...)
		b = fmt.Appendf(b, "%x ", random.Uint32N(1<<12))
	}
	return b
}
