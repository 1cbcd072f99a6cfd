package spool_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
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

// seed is a segment of three batches, and the state beside it.
func seed(tb testing.TB) (whole, state []byte) {
	tb.Helper()
	dir := tb.TempDir()
	p := open(tb, dir, spool.Settings{})
	for n := uint64(1); n <= 3; n++ {
		if _, err := p.Append(batch.Events, 10, bytes.Repeat([]byte("batch"), int(n))); err != nil {
			tb.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		tb.Fatal(err)
	}
	whole, err := os.ReadFile(segments(tb, dir, "events")[0])
	if err != nil {
		tb.Fatal(err)
	}
	if state, err = os.ReadFile(filepath.Join(dir, "state")); err != nil {
		tb.Fatal(err)
	}
	return whole, state
}

func FuzzSegment(f *testing.F) {
	whole, _ := seed(f)
	f.Add(whole, false)
	f.Add(whole[:len(whole)-3], false)
	f.Add(append(bytes.Clone(whole[:90]), whole...), true)
	f.Add(append(bytes.Clone(whole), whole[40:]...), true)
	f.Fuzz(func(t *testing.T, b []byte, seal bool) {
		if b = bytes.Clone(b); seal {
			b = sealed(b)
		}
		entries, good, d, err := spool.Scan(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		size, last := int64(40), uint64(0)
		for _, e := range entries {
			if e.Sequence <= last && last > 0 || e.Size < 0 || e.Class != batch.Class(b[9]) {
				t.Fatalf("%+v after %d", e, last)
			}
			size, last = size+48+int64(e.Size), e.Sequence
		}
		if size > good || good > int64(len(b)) || len(entries)+len(spool.Lost(d)) > len(b)/48 {
			t.Fatalf("%d entries of %d bytes, %d bytes good of %d", len(entries), size, good, len(b))
		}
		again, same, _, err := spool.Scan(bytes.NewReader(b[:good]), good)
		if err != nil || same != good || len(again) != len(entries) {
			t.Fatalf("cut at %d: %d entries of %d, %d good, %v", good, len(again), len(entries), same, err)
		}
	})
}

// However the bytes of a segment are others: the spool opens, gives what it has in
// order, and takes more.
func TestHostileSegment(t *testing.T) {
	whole, state := seed(t)
	random := rand.New(rand.NewPCG(5, 6))
	for range 150 {
		b := bytes.Clone(whole)
		for range 1 + random.IntN(4) {
			b[random.IntN(len(b))] = byte(random.Uint32())
		}
		if b = b[:len(b)-random.IntN(2)*random.IntN(len(b))]; random.IntN(2) == 0 {
			b = sealed(b)
		}
		reopen(t, b, state)
	}
}

func reopen(t *testing.T, b, state []byte) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "events-0000000000000001.log"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "state"), state, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := spool.Open(dir, spool.Settings{}, quiet())
	if err != nil {
		if !strings.Contains(err.Error(), "another version") {
			t.Fatal(err)
		}
		return
	}
	next, last, size := p.Stats().Next, uint64(0), 0
	for {
		e, got, err := p.Next(nil)
		if errors.Is(err, spool.ErrEmpty) {
			break
		}
		if err != nil || e.Sequence < last || e.Sequence >= next || len(got) != e.Size {
			t.Fatalf("%+v after %d, before %d, %v", e, last, next, err)
		}
		size, last = size+e.Size, e.Sequence
	}
	if size > len(b) {
		t.Fatalf("%d bytes of batches in %d", size, len(b))
	}
	if next != 0 { // else the last sequence of all was used
		if e, err := p.Append(batch.Events, 1, []byte("new")); err != nil || e.Sequence != next {
			t.Fatalf("%+v, %v", e, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}
