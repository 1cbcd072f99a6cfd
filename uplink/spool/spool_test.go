package spool_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func open(tb testing.TB, dir string, s spool.Settings) *spool.Spool {
	tb.Helper()
	p, err := spool.Open(dir, s, quiet())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := p.Close(); err != nil && !errors.Is(err, spool.ErrClosed) {
			tb.Error(err)
		}
	})
	return p
}

// content is what a test appends as the n-th batch: what it has to be is known from n.
func content(n uint64) []byte {
	random := rand.New(rand.NewPCG(n, 7))
	b := make([]byte, 8+random.IntN(3000))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	binary.LittleEndian.PutUint64(b, n)
	return b
}

func put(tb testing.TB, p *spool.Spool, c batch.Class, n uint64) spool.Entry {
	tb.Helper()
	e, err := p.Append(c, int(n), content(n))
	if err != nil {
		tb.Fatal(err)
	}
	if e.Sequence != n || e.Class != c || e.Events != int(n) || e.Size != len(content(n)) || e.Epoch != p.Epoch() {
		tb.Fatalf("batch %d is %+v", n, e)
	}
	return e
}

// drain reads all there is to give.
func drain(tb testing.TB, p *spool.Spool) []spool.Entry {
	tb.Helper()
	var all []spool.Entry
	for {
		e, b, err := p.Next([]byte("before"))
		if errors.Is(err, spool.ErrEmpty) {
			return all
		}
		if err != nil {
			tb.Fatal(err)
		}
		if !bytes.Equal(b[6:], content(e.Sequence)) || string(b[:6]) != "before" || e.Events != int(e.Sequence) || e.Epoch != p.Epoch() {
			tb.Fatalf("batch %d is another than was appended: %+v", e.Sequence, e)
		}
		all = append(all, e)
	}
}

func sequences(all []spool.Entry) []uint64 {
	var q []uint64
	for _, e := range all {
		q = append(q, e.Sequence)
	}
	return q
}

func want(tb testing.TB, what string, got []uint64, want ...uint64) {
	tb.Helper()
	if !slices.Equal(got, want) {
		tb.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func TestAlertsFirstThenOldest(t *testing.T) {
	p := open(t, t.TempDir(), spool.Settings{})
	for n := uint64(1); n <= 6; n++ {
		c := batch.Events
		if n == 3 || n == 5 {
			c = batch.Alerts
		}
		put(t, p, c, n)
	}
	want(t, "given", sequences(drain(t, p)), 3, 5, 1, 2, 4, 6)
	put(t, p, batch.Events, 7)
	put(t, p, batch.Alerts, 8)
	want(t, "given when more came", sequences(drain(t, p)), 8, 7)
	if _, _, err := p.Next(nil); !errors.Is(err, spool.ErrEmpty) {
		t.Fatal(err)
	}
	p.Rewind()
	want(t, "given again", sequences(drain(t, p)), 3, 5, 8, 1, 2, 4, 6, 7)
}

func TestAlertsSaysThatThereIsAnAlert(t *testing.T) {
	p := open(t, t.TempDir(), spool.Settings{})
	told := func() bool {
		select {
		case <-p.Alerts():
			return true
		default:
			return false
		}
	}
	for _, c := range []batch.Class{batch.Events, batch.Alerts, batch.Events} {
		if _, err := p.Append(c, 1, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if got := told(); got != (c == batch.Alerts) {
			t.Errorf("after one of class %v: %v", c, got)
		}
	}
}

func TestReadySaysThatThereIsSomething(t *testing.T) {
	p := open(t, t.TempDir(), spool.Settings{})
	done := make(chan []uint64)
	go func() {
		<-p.Ready()
		e, _, err := p.Next(nil)
		if err != nil {
			t.Error(err)
		}
		done <- []uint64{e.Sequence}
	}()
	put(t, p, batch.Events, 1)
	want(t, "given", <-done, 1)
}

func TestReleasedIsNeverGivenAgain(t *testing.T) {
	dir := t.TempDir()
	s := spool.Settings{SegmentBytes: 4000}
	p := open(t, dir, s)
	for n := uint64(1); n <= 40; n++ {
		c := batch.Events
		if n%4 == 0 {
			c = batch.Alerts
		}
		put(t, p, c, n)
	}
	epoch := p.Epoch()
	left := []uint64{}
	for n := uint64(1); n <= 40; n++ {
		if n%3 == 0 || n < 20 && n != 7 {
			if err := p.Release(n, n, 1000); err != nil {
				t.Fatal(err)
			}
		} else {
			left = append(left, n)
		}
	}
	sorted := func(q []uint64) []uint64 { slices.Sort(q); return q }
	p.Rewind()
	want(t, "given", sorted(sequences(drain(t, p))), left...)
	before := p.Stats()
	for range 3 {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		p = open(t, dir, s)
		want(t, "given after a restart", sorted(sequences(drain(t, p))), left...)
		if p.Epoch() != epoch {
			t.Fatalf("epoch %x became %x", epoch, p.Epoch())
		}
	}
	after := p.Stats()
	if after.Disk != before.Disk || after.Classes["events"].Waiting != before.Classes["events"].Waiting || len(p.Drops()) > 0 {
		t.Errorf("%+v became %+v, %v", before, after, p.Drops())
	}
	if err := p.Release(left...); err != nil {
		t.Fatal(err)
	}
	if s := p.Stats(); s.Disk > 3*4000+2*40 || s.Classes["events"].Waiting.Batches > 0 {
		t.Errorf("all was released: %+v", s)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open(t, dir, s)
	want(t, "given when all was released", sequences(drain(t, p)))
	put(t, p, batch.Events, 41)
}

func TestOneProgramAtATime(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, spool.Settings{})
	if _, err := spool.Open(dir, spool.Settings{}, quiet()); err == nil {
		t.Fatal("opened twice")
	}
}

func TestSettings(t *testing.T) {
	for _, s := range []spool.Settings{{Sync: "never"}, {MaxBytes: -1}, {MaxBytes: 1000, SegmentBytes: 500}} {
		if _, err := spool.Open(t.TempDir(), s, quiet()); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}

func TestClosed(t *testing.T) {
	p := open(t, t.TempDir(), spool.Settings{})
	put(t, p, batch.Events, 1)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	_, appended := p.Append(batch.Events, 1, nil)
	_, _, next := p.Next(nil)
	for _, err := range []error{appended, next, p.Release(1), p.Close()} {
		if !errors.Is(err, spool.ErrClosed) {
			t.Error(err)
		}
	}
}

// Many append at once; each gets a sequence of its own, without gaps.
func TestTogether(t *testing.T) {
	for _, sync := range []spool.Sync{spool.Always, spool.Interval} {
		t.Run(string(sync), func(t *testing.T) { together(t, sync) })
	}
}

func together(t *testing.T, policy spool.Sync) {
	p := open(t, t.TempDir(), spool.Settings{Sync: policy, SyncEvery: time.Millisecond, SegmentBytes: 10_000})
	var mutex sync.Mutex
	written := map[uint64]string{}
	var all sync.WaitGroup
	const writers, each = 8, 50
	for w := range writers {
		all.Go(func() {
			for i := range each {
				text := fmt.Sprintf("%d of %d", i, w)
				e, err := p.Append(batch.Class(1+i%2), 1, []byte(text))
				if err != nil {
					t.Error(err)
					return
				}
				mutex.Lock()
				written[e.Sequence] = text
				mutex.Unlock()
			}
		})
	}
	read := map[uint64]string{}
	for len(read) < writers*each && !t.Failed() {
		e, b, err := p.Next(nil)
		if errors.Is(err, spool.ErrEmpty) {
			<-p.Ready()
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		read[e.Sequence] = string(b)
		if err := p.Release(e.Sequence); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	for q := uint64(1); q <= writers*each; q++ {
		if read[q] == "" || read[q] != written[q] {
			t.Fatalf("sequence %d: %q was written, %q read", q, written[q], read[q])
		}
	}
}

func segments(tb testing.TB, dir, class string) []string {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(dir, class+"-*.log"))
	if err != nil {
		tb.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func edit(tb testing.TB, path string, f func(b []byte) []byte) {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, f(b), 0o600); err != nil {
		tb.Fatal(err)
	}
}
