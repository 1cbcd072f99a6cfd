package spool_test

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

// filled is a spool of 30 batches in several segments, closed.
func filled(t *testing.T, s spool.Settings) (dir string) {
	t.Helper()
	dir = t.TempDir()
	p := open(t, dir, s)
	for n := uint64(1); n <= 30; n++ {
		put(t, p, batch.Events, n)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func onlyEvents(uint64) batch.Class { return batch.Events }

// However a segment is damaged: what is whole is given, the rest is told, once, and the
// spool goes on with a sequence that none had.
func TestDamagedSegments(t *testing.T) {
	s := spool.Settings{SegmentBytes: 10_000, MaxBytes: 1 << 20}
	for name, damage := range map[string]func(names []string, edit func(name string, f func(b []byte) []byte)){
		"a batch": func(names []string, edit func(string, func([]byte) []byte)) {
			edit(names[1], func(b []byte) []byte { b[40+48+3] ^= 1; return b })
		},
		"the header of a batch": func(names []string, edit func(string, func([]byte) []byte)) {
			edit(names[1], func(b []byte) []byte { b[bytes.LastIndex(b, []byte("VENT"))+20] ^= 1; return b })
		},
		"the first header of a batch": func(names []string, edit func(string, func([]byte) []byte)) {
			edit(names[1], func(b []byte) []byte { b[41] ^= 1; return b })
		},
		"the length of a batch": func(names []string, edit func(string, func([]byte) []byte)) {
			edit(names[0], func(b []byte) []byte { b[40+7] ^= 0x7f; return b })
		},
		"the header of a segment": func(names []string, edit func(string, func([]byte) []byte)) {
			edit(names[1], func(b []byte) []byte { b[3] ^= 1; return b })
		},
		"the end of a segment": func(names []string, edit func(string, func([]byte) []byte)) {
			edit(names[1], func(b []byte) []byte { return b[:len(b)-5] })
		},
		"a segment cut within its header": func(names []string, edit func(string, func([]byte) []byte)) {
			edit(names[1], func(b []byte) []byte { return b[:20] })
		},
		"a page in the middle": func(names []string, edit func(string, func([]byte) []byte)) {
			edit(names[2], func(b []byte) []byte { clear(b[4096:8192]); return b })
		},
		"a batch of the last segment": func(names []string, edit func(string, func([]byte) []byte)) {
			edit(names[len(names)-1], func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t, s)
			names := segments(t, dir, "events")
			damage(names, func(name string, f func(b []byte) []byte) { edit(t, name, f) })
			var first []spool.Drop
			for i := range 3 {
				p := open(t, dir, s)
				if p.Stats().Next < 31 {
					t.Fatalf("sequence %d is used again", p.Stats().Next)
				}
				there := map[uint64]bool{}
				for _, e := range drain(t, p) {
					there[e.Sequence] = true
				}
				missing := uint64(0)
				for n := uint64(1); n <= 30; n++ {
					if !there[n] {
						missing++
					}
				}
				told := uint64(0)
				for _, d := range p.Drops() {
					told += d.Batches
					if d.Reason != spool.Damaged {
						t.Errorf("%+v", d)
					}
				}
				if (missing == 0) != (name == "the header of a segment") || told != missing || len(there) < 15 {
					t.Fatalf("start %d: %d are missing, %d told, %d there: %+v", i, missing, told, len(there), p.Drops())
				}
				if first == nil {
					first = p.Drops()
				} else if len(p.Drops()) != len(first) {
					t.Fatalf("told again: %+v", p.Drops())
				}
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A torn end of the last segment was never acknowledged: it is cut, and nothing is told.
func TestTornAnywhere(t *testing.T) {
	s := spool.Settings{MaxBytes: 1 << 20}
	dir := t.TempDir()
	p := open(t, dir, s)
	put(t, p, batch.Events, 1)
	put(t, p, batch.Events, 2)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	name := segments(t, dir, "events")[0]
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	second := bytes.LastIndex(whole, []byte("VENT"))
	for n := second; n < len(whole); n += 7 {
		edit(t, name, func([]byte) []byte { return whole[:n] })
		p := open(t, dir, s)
		want(t, "given", sequences(drain(t, p)), 1)
		put(t, p, batch.Events, 2)
		want(t, "given then", sequences(drain(t, p)), 2)
		if len(p.Drops()) > 0 {
			t.Fatal(p.Drops())
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedWhileOpen(t *testing.T) {
	dir := t.TempDir()
	p := open(t, dir, spool.Settings{})
	for n := uint64(1); n <= 3; n++ {
		put(t, p, batch.Events, n)
	}
	name := segments(t, dir, "events")[0]
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{0xff, 0xfe}, int64(40+48+len(content(1))+48+9)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, "given", sequences(drain(t, p)), 1, 3)
	accounted(t, p, 3, onlyEvents, nil)
	if d := p.Drops(); len(d) != 1 || d[0].Reason != spool.Damaged {
		t.Error(d)
	}
}

// The state is written by turns: when one writing is torn, the one before is used.
func TestTornState(t *testing.T) {
	dir := t.TempDir()
	p := open(t, dir, spool.Settings{})
	for n := uint64(1); n <= 4; n++ {
		put(t, p, batch.Events, n)
		if err := p.Release(n); err != nil {
			t.Fatal(err)
		}
	}
	epoch := p.Epoch()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(dir + "/state")
	if err != nil {
		t.Fatal(err)
	}
	for slot := range 2 {
		edit(t, dir+"/state", func([]byte) []byte { b := bytes.Clone(whole); b[slot*(32<<10)+20] ^= 1; return b })
		p := open(t, dir, spool.Settings{})
		if got := drain(t, p); len(got) > 1 || p.Epoch() != epoch || p.Stats().Next != 5 {
			t.Fatalf("%v is given, epoch %x, next %d", got, p.Epoch(), p.Stats().Next)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A spool of a vigil to come is left alone.
func TestAnotherVersion(t *testing.T) {
	dir := filled(t, spool.Settings{})
	names := segments(t, dir, "events")
	edit(t, names[0], func(b []byte) []byte {
		b[8] = 2
		return sealHeader(b)
	})
	if _, err := spool.Open(dir, spool.Settings{}, quiet()); err == nil {
		t.Fatal("it was opened")
	}
	if len(segments(t, dir, "events")) != len(names) {
		t.Fatal("it was changed")
	}
}

// What could not be made durable is not acknowledged, never given, and told.
func TestDiskThatFails(t *testing.T) {
	p := open(t, t.TempDir(), spool.Settings{Sync: spool.Always, SegmentBytes: 1, SyncEvery: time.Hour})
	put(t, p, batch.Events, 1)
	fault := errors.New("disk on fire")
	p.FailSync(fault)
	if _, err := p.Append(batch.Events, 2, content(2)); !errors.Is(err, fault) {
		t.Fatal(err)
	}
	want(t, "given", sequences(drain(t, p)), 1)
	if d := p.Drops(); len(d) != 1 || d[0].Reason != spool.Failed || d[0].First != 2 || p.Stats().Failure == "" {
		t.Errorf("%+v, %+v", d, p.Stats())
	}
	if err := p.Close(); !errors.Is(err, fault) {
		t.Errorf("closed with %v", err)
	}
}
