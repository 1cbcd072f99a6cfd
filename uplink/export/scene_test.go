package export

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
	wire "vigil/uplink/batch"
)

// someone is who did it, in items of tests.
func someone() *decode.Actor {
	return &decode.Actor{
		BootOffset: 1_700_000_000_000_000_000, Hostname: "web1", User: "deploy", Comm: []byte("bash"), Path: []byte("/usr/bin/bash"),
		Arguments: []byte("bash\x00-c\x00a|b=c\x00"), CWD: []byte("/srv"), PID: 1234, PPID: 1200, Start: 990_000_000_000,
		Container: decode.Container{ID: "c0ffee", Name: "web", Image: "nginx:1.27", Runtime: "containerd"},
		Parent:    &decode.Actor{Comm: []byte("sshd"), Path: []byte("/usr/sbin/sshd"), PID: 1200},
	}
}

const sensorID = "01JVIGIL00000000000SENSOR1"

func event(k decode.Kind) Item {
	r, err := decode.Decode(recordtest.Sample(k))
	if err != nil {
		panic(err)
	}
	a := someone()
	return Item{
		Time: int64(r.Time) + a.BootOffset, Kind: k.String(), Severity: decode.Informational, Sensor: sensorID, JSON: decode.AppendJSON(nil, r, a),
	}
}

func alert(title string) Item {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	a := detect.Alert{
		ID: "alert-1", Incident: "alert-0", Host: "web1", First: at.Add(-time.Minute), Last: at, Count: 10,
		Finding: detect.Finding{Rule: "vigil-web-shell", Title: title, Severity: decode.High, Tactic: "persistence", Technique: "T1505.003", Next: "Look at the file | remove it = done."},
		Process: detect.Process{
			ExecID: 0x1122334455667788, PID: 1234, UID: 33, Path: "/usr/sbin/php-fpm", Command: "php-fpm 'a=b|c' <x> \\\n", User: "www-data", Container: "c0ffee",
			Start: at.Add(-time.Hour),
		},
		Ancestry: []detect.Process{{PID: 1, Path: "/sbin/init", Command: "/sbin/init"}},
		Entities: []detect.Entity{{Type: detect.EntityPath, Value: "/var/www/shell.php"}},
	}
	text, err := a.AppendJSON(nil, detect.Update)
	if err != nil {
		panic(err)
	}
	return Item{Time: at.UnixNano(), Severity: decode.High, Alert: true, Sensor: sensorID, JSON: text}
}

// numbered gives an item that is like no other, and key finds its number again.
func numbered(n int) Item {
	i := Item{Time: 1_700_000_000_000_000_000 + int64(n), Kind: "exec", Severity: decode.Informational, Sensor: sensorID}
	i.JSON = fmt.Appendf(nil, `{"time":1700000000000,"type_uid":100701,"class_uid":1007,"class_name":"Process Activity","activity_name":"Launch","process":{"cmd_line":"number-%07d"}}`, n)
	if n%10 == 0 {
		i.Alert, i.Kind = true, AlertKind
		i.JSON = fmt.Appendf(nil, `{"time":1700000000000,"type_uid":200401,"class_uid":2004,"class_name":"Detection Finding","actor":{"process":{"cmd_line":"number-%07d"}}}`, n)
	}
	return i
}

// numbers finds the numbers of items in what a destination got.
func numbers(got []byte) map[int]int {
	seen := map[int]int{}
	for _, part := range strings.Split(string(got), "number-")[1:] {
		n := 0
		if _, err := fmt.Sscanf(part[:7], "%07d", &n); err != nil {
			continue
		}
		seen[n]++
	}
	return seen
}

// quick is a clock whose waits are over at once, and which remembers them.
type quick struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

func newQuick() *quick { return &quick{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (q *quick) Now() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.now
}

func (q *quick) After(d time.Duration) <-chan time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waits = append(q.waits, d)
	q.now = q.now.Add(d)
	c := make(chan time.Time, 1)
	c <- q.now
	return c
}

// log is what a test's exporter says.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newLog() (*logged, *slog.Logger) {
	l := &logged{}
	return l, slog.New(slog.NewTextHandler(l, nil))
}

// running is an exporter at work on a backlog of its own.
type running struct {
	*Exporter
	t    *testing.T
	stop context.CancelFunc
	done chan error
	log  *logged
}

// opened makes items of a test's block: each is JSON.
func opened(block []byte, yield func(Item)) error {
	d := json.NewDecoder(bytes.NewReader(block))
	for d.More() {
		var i Item
		if err := d.Decode(&i); err != nil {
			return err
		}
		yield(i)
	}
	return nil
}

func newBacklog(t testing.TB, q Queue) *Backlog {
	t.Helper()
	b, err := OpenBacklog(t.TempDir(), q, opened, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the backlog: %v", err)
		}
	})
	return b
}

// offer lays down items as blocks of a backlog.
func offer(b *Backlog, items ...Item) {
	for _, class := range []wire.Class{wire.Alerts, wire.Events} {
		var block []byte
		n := 0
		for _, i := range items {
			if i.Alert != (class == wire.Alerts) {
				continue
			}
			text, err := json.Marshal(i)
			if err != nil {
				panic(err)
			}
			block = append(block, text...)
			n++
		}
		if n > 0 {
			b.Offer(class, n, block)
		}
	}
}

// Offer offers items together.
func (r *running) Offer(items ...Item) { offer(r.backlog, items...) }

// Status is that of the backlog.
func (r *running) Status() Status { return r.backlog.Status() }

// start sets an exporter to work that does not wait long for anything.
func start(t *testing.T, c Config) *running {
	t.Helper()
	if c.Retry == (Retry{}) {
		c.Retry = Retry{First: time.Millisecond, Most: 20 * time.Millisecond}
	}
	if c.Batch.Delay == 0 {
		c.Batch.Delay = time.Millisecond
	}
	return startWith(t, c, Services{})
}

func startWith(t *testing.T, c Config, s Services) *running {
	t.Helper()
	if c.Name == "" {
		c.Name = "test"
	}
	l, log := newLog()
	s.Log = log
	e, err := New(c, newBacklog(t, c.Queue), s)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, e, l)
}

func run(t *testing.T, e *Exporter, l *logged) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Exporter: e, t: t, stop: cancel, done: make(chan error, 1), log: l}
	go func() { r.done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		r.done <- <-r.done // it has ended before its backlog closes
	})
	return r
}

// settle waits until nothing is queued.
func (r *running) settle() Status {
	r.t.Helper()
	until := time.Now().Add(30 * time.Second)
	for {
		s := r.Status()
		r.balanced(s)
		if s.Queued == 0 {
			return s
		}
		if time.Now().After(until) {
			r.t.Fatalf("does not settle: %+v\n%s", s, r.log)
		}
		time.Sleep(time.Millisecond)
	}
}

// end stops it and gives the last status, which is what a program that begins anew finds.
func (r *running) end() Status {
	r.t.Helper()
	r.stop()
	err := <-r.done
	r.done <- err
	if err != nil {
		r.t.Errorf("run: %v", err)
	}
	s := r.Status()
	r.balanced(s)
	waiting := uint64(0)
	for _, c := range r.backlog.spool.Stats().Classes {
		waiting += c.Waiting.Events
	}
	for _, of := range r.backlog.partial {
		waiting -= uint64(of.Events - of.left)
	}
	if s.Queued != waiting {
		r.t.Errorf("%d are queued, the disk has %d: %+v", s.Queued, waiting, s)
	}
	return s
}

func (r *running) balanced(s Status) {
	r.t.Helper()
	sum := uint64(0)
	for _, l := range s.Losses {
		sum += l.Items
	}
	if s.Offered != s.Queued+s.Delivered+s.Undelivered || sum != s.Undelivered || s.Queued > s.Offered {
		r.t.Fatalf("does not add up: %+v", s)
	}
}

// lost gives how many items were lost for a reason.
func lost(s Status, why Reason) uint64 {
	for _, l := range s.Losses {
		if l.Reason == why {
			return l.Items
		}
	}
	return 0
}

// whole checks that of n numbered items each was received, or is known to be lost; and
// that none is both unless again is allowed.
func whole(t *testing.T, s Status, seen map[int]int, n int, once bool) {
	t.Helper()
	if s.Offered != uint64(n) || s.Delivered+s.Undelivered != uint64(n) {
		t.Errorf("of %d: %+v", n, s)
	}
	if uint64(len(seen)) < s.Delivered || once && uint64(len(seen)) != s.Delivered {
		t.Errorf("received %d of which %d are said to be delivered, %d not", len(seen), s.Delivered, s.Undelivered)
	}
	if !once {
		return
	}
	for k, times := range seen {
		if times != 1 {
			t.Errorf("number %d came %d times", k, times)
		}
	}
}
