package export

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	wire "vigil/uplink/batch"
)

const crashVariable = "VIGIL_EXPORT_CRASH"

func reopen(t testing.TB, dir string, q Queue) *Backlog {
	t.Helper()
	b, err := OpenBacklog(dir, q, opened, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func toFile(t testing.TB, dir string, b *Backlog) *Exporter {
	t.Helper()
	_, log := newLog()
	e, err := New(Config{
		Name: "out", File: &File{Path: filepath.Join(dir, "out"), MaxBytes: 1 << 30}, Batch: Batch{Items: 10, Delay: time.Millisecond},
	}, b, Services{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// offerUntilKilled offers and delivers, and prints what was offered.
func offerUntilKilled(t *testing.T, dir string) {
	b := reopen(t, dir, Queue{})
	go func() { t.Error(toFile(t, dir, b).Run(context.Background())) }()
	n := 0
	if _, err := fmt.Sscan(os.Getenv(crashVariable+"_FROM"), &n); err != nil {
		t.Fatal(err)
	}
	for {
		var block []Item
		for range 7 {
			i := numbered(n)
			i.Alert = false
			block = append(block, i)
			n++
		}
		offer(b, block...)
		fmt.Printf("offered %d\n", n)
		if b.Status().Queued > 500 {
			time.Sleep(time.Millisecond)
		}
	}
}

// A program is killed at any moment, many times. All that was offered is delivered, and
// the account is true to the item.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(crashVariable); dir != "" {
		offerUntilKilled(t, dir)
		return
	}
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	next := 0
	for range rounds {
		c := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		c.Env = append(os.Environ(), crashVariable+"="+dir, fmt.Sprint(crashVariable, "_FROM=", next))
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		killed := false
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "offered %d", &next); err != nil {
				t.Fatalf("%q", lines.Text())
			}
			if !killed {
				killed = true
				time.AfterFunc(time.Duration(random.IntN(60))*time.Millisecond, func() { _ = c.Process.Kill() })
			}
		}
		if err := c.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("it ended by itself: %v", err)
		}
		next += 7 // one may be there that it did not tell of
	}
	b := reopen(t, dir, Queue{})
	before := b.Status()
	l, _ := newLog()
	r := run(t, toFile(t, dir, b), l)
	r.settle()
	st := r.end()
	seen := numbers(read(t, filepath.Join(dir, "out")))
	if st.Delivered != uint64(len(seen)) || st.Offered != st.Delivered || st.Undelivered != 0 || before.Offered != st.Offered {
		t.Errorf("%d are there: %+v, before %+v", len(seen), st, before)
	}
	twice := 0
	for k := range next {
		if _, told := seen[k]; !told && k < next-7*rounds {
			untold := false // of a block that was begun when it was killed
			for at := k - k%7; at < k-k%7+7; at++ {
				untold = untold || seen[at] > 0
			}
			if untold {
				t.Errorf("number %d is not there", k)
			}
		}
		twice += max(0, seen[k]-1)
	}
	missing := next - len(seen)
	if missing > 7*rounds || twice > 10*rounds {
		t.Errorf("of %d are missing %d, %d came again", next, missing, twice)
	}
	t.Logf("%d items, %d kills: %d came again", len(seen), rounds, twice)
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// What the disk drops while it is in hand is delivered, and counted once: live, when the
// exporter ends, and when the program begins anew.
func TestDroppedInHand(t *testing.T) {
	for _, how := range []string{"delivered", "exporter ends", "program ends"} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			b := reopen(t, dir, Queue{Bytes: 1 << 20})
			s := &shelf{}
			e, l := onShelfOf(t, Config{Batch: Batch{Items: 10}, Grace: time.Millisecond, Retry: Retry{First: time.Millisecond, Most: time.Millisecond}}, s, b)
			part := make(chan struct{})
			mend := make(chan struct{})
			first := true
			s.do = func(ctx context.Context, x *batch) error {
				if first {
					first = false
					s.take(x, 0, 4)
					return errors.New("it takes a part")
				}
				select {
				case <-part:
				default:
					close(part)
				}
				select {
				case <-mend:
					s.take(x, 0, len(x.items))
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			r := run(t, e, l)
			n := 0
			fill := func() {
				var items []Item
				for range 100 {
					i := numbered(n)
					i.Alert = false
					i.JSON = append(i.JSON[:len(i.JSON)-1], `,"pad":"`+strings.Repeat("x", 1000)+`"}`...)
					items = append(items, i)
					n++
				}
				offer(b, items...)
			}
			fill()
			<-part
			for range 20 {
				fill()
			}
			drops := b.spool.Drops()
			if len(drops) == 0 || drops[0].First != 1 {
				t.Fatalf("what is in hand is not dropped: %+v", drops)
			}
			if how == "delivered" {
				close(mend)
				r.settle()
			}
			st := r.end()
			if how == "program ends" {
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				b = reopen(t, dir, Queue{Bytes: 1 << 20})
				st = b.Status()
			}
			if how != "delivered" {
				s.do = nil
				e, l = onShelfOf(t, e.config, s, b)
				r = run(t, e, l)
				r.settle()
				st = r.end()
			}
			seen := s.numbers()
			if st.Offered != uint64(n) || st.Delivered != uint64(len(seen)) || st.Delivered+st.Undelivered != uint64(n) || st.Undelivered == 0 {
				t.Errorf("of %d came %d: %+v", n, len(seen), st)
			}
			for k, times := range seen {
				if times != 1 {
					t.Errorf("number %d came %d times", k, times)
				}
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What cannot be opened is counted, and the rest goes on.
func TestDamagedBlock(t *testing.T) {
	s := &shelf{}
	e, l := onShelf(t, Config{}, s, newQuick())
	r := run(t, e, l)
	e.backlog.Offer(wire.Events, 3, []byte("no JSON"))
	r.Offer(numbered(1))
	r.settle()
	if st := r.end(); lost(st, ReasonDamaged) != 3 || st.Delivered != 1 || st.LastError == "" {
		t.Errorf("%+v", st)
	}
}
