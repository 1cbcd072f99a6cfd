package spool_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// sealHeader makes the checksum of a segment's header right.
func sealHeader(b []byte) []byte {
	if len(b) >= 40 {
		binary.LittleEndian.PutUint32(b[36:], castagnoli(b[:36]))
	}
	return b
}

// sealed makes the checksums of entries right, as far as their lengths lead.
func sealed(b []byte) []byte {
	sealHeader(b)
	for at := 40; at+48 <= len(b); {
		end := at + 48 + int(binary.LittleEndian.Uint32(b[at+4:]))
		if end > len(b) || end < at+48 {
			break
		}
		binary.LittleEndian.PutUint32(b[at+40:], castagnoli(b[at+48:end]))
		binary.LittleEndian.PutUint32(b[at+44:], castagnoli(b[at:at+44]))
		at = end
	}
	return b
}

func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	p, err := spool.Open(dir, spool.Settings{}, quiet())
	if err != nil {
		f.Fatal(err)
	}
	for n := uint64(1); n <= 3; n++ {
		if _, err := p.Append(batch.Events, 10, bytes.Repeat([]byte("batch"), int(n))); err != nil {
			f.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(segments(f, dir, "events")[0])
	if err != nil {
		f.Fatal(err)
	}
	state, err := os.ReadFile(filepath.Join(dir, "state"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, false)
	f.Add(whole[:len(whole)-3], false)
	f.Add(append(bytes.Clone(whole[:90]), whole...), true)
	f.Add(append(bytes.Clone(whole), whole[40:]...), true)
	f.Fuzz(func(t *testing.T, b []byte, seal bool) {
		if b = bytes.Clone(b); seal {
			b = sealed(b)
		}
		dir := t.TempDir()
		name := filepath.Join(dir, "events-0000000000000001.log")
		if os.WriteFile(name, b, 0o600) != nil || os.WriteFile(filepath.Join(dir, "state"), state, 0o600) != nil {
			t.Skip("no room")
		}
		p, err := spool.Open(dir, spool.Settings{}, quiet())
		if err != nil {
			return // of another version
		}
		next := p.Stats().Next
		size, last := 0, uint64(0)
		for {
			e, b, err := p.Next(nil)
			if err != nil {
				break
			}
			if e.Sequence <= last || e.Sequence >= next || len(b) != e.Size {
				t.Fatalf("%+v after %d, before %d", e, last, next)
			}
			size, last = size+e.Size, e.Sequence
		}
		if size > len(b) {
			t.Fatalf("%d bytes of batches in %d", size, len(b))
		}
		if next < 1<<63 {
			e, err := p.Append(batch.Events, 1, []byte("new"))
			if err != nil || e.Sequence != next {
				t.Fatalf("%+v, %v", e, err)
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		entries, good, _, err := spool.Scan(bytes.NewReader(b), int64(len(b)))
		if err == nil && (good > int64(len(b)) || len(entries) > len(b)/48) {
			t.Fatalf("%d entries, %d bytes good of %d", len(entries), good, len(b))
		}
	})
}
