package sensor

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// reader is an HTTP client that takes lines only when it is let.
type reader struct {
	header http.Header
	status int
	let    chan struct{} // closed: reads
	mutex  sync.Mutex
	got    bytes.Buffer
}

func newReader() *reader {
	return &reader{header: http.Header{}, status: 200, let: make(chan struct{})}
}

func (r *reader) Header() http.Header { return r.header }
func (r *reader) WriteHeader(n int)   { r.status = n }
func (r *reader) Flush()              {}
func (r *reader) Write(b []byte) (int, error) {
	<-r.let
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.got.Write(b)
}

func (r *reader) lines() []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return strings.SplitAfter(r.got.String(), "\n")
}

// follow begins to follow; the result ends it.
func follow(t *testing.T, f *Followers, r *reader, query url.Values) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	before, done := f.count.Load(), make(chan struct{})
	go func() {
		defer close(done)
		f.ServeHTTP(r, httptest.NewRequestWithContext(ctx, http.MethodGet, "/events?"+query.Encode(), nil))
	}()
	eventually(t, "somebody follows", func() bool { return f.count.Load() == before+1 })
	return func() { cancel(); <-done }
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// fileEvent is the event number n, of a file with a name of so many bytes.
func fileEvent(n uint64, size int) *Event {
	h := recordtest.Header()
	h.Time = n
	r := recordtest.DecodedWith(h, decode.KindFileOpen, decode.FileOpen{}, bytes.Repeat([]byte("x"), size))
	return &Event{Record: r, actor: &decode.Actor{Hostname: "web1", Comm: []byte("sh")}}
}

type told struct {
	Unmapped struct {
		Kind    string `json:"kind"`
		Time    uint64 `json:"time_ns"`
		Records uint64 `json:"records"`
		Reason  string `json:"reason"`
		Since   uint64 `json:"since_ns"`
		Until   uint64 `json:"until_ns"`
	} `json:"unmapped"`
}

// A reader that is too slow gets every event, or is told at its place how many it
// did not get; and no more waits for it than is allowed.
func TestSlowFollowerIsTold(t *testing.T) {
	for name, size := range map[string]int{"bounded by number": 10, "bounded by bytes": 3000} {
		t.Run(name, func(t *testing.T) {
			f, r := NewFollowers(), newReader()
			end := follow(t, f, r, nil)
			const many = 2 * followerQueue
			n := uint64(0)
			for range many {
				n++
				f.Take(fileEvent(n, size))
			}
			f.mutex.Lock()
			for to := range f.all {
				if to.bytes.Load() > followerBytes || len(to.lines) > followerQueue || to.missed.Records == 0 {
					t.Errorf("%d lines of %d bytes wait, %d are missed", len(to.lines), to.bytes.Load(), to.missed.Records)
				}
			}
			f.mutex.Unlock()
			close(r.let)
			// It is told without another event, and what comes later is whole again.
			eventually(t, "it is told of the loss", func() bool { return strings.Contains(strings.Join(r.lines(), ""), `"kind":"lost"`) })
			n++
			f.Take(fileEvent(n, size))
			eventually(t, "it gets the last", func() bool { return strings.Contains(strings.Join(r.lines(), ""), `"time_ns":8193,`) })
			end()
			expectAll(t, r.lines(), n)
		})
	}
}

// expectAll checks that the lines tell of the events 1 to n, in order, or that they
// were lost.
func expectAll(t *testing.T, lines []string, n uint64) {
	t.Helper()
	next, lost := uint64(1), uint64(0)
	for _, line := range lines {
		if line == "" {
			continue
		}
		var e told
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		u := e.Unmapped
		if u.Kind != "lost" {
			if u.Time != next {
				t.Fatalf("event %d comes where %d should", u.Time, next)
			}
			next++
			continue
		}
		if u.Since != next || u.Until != next+u.Records-1 || u.Reason != "reader" {
			t.Fatalf("%d lost from %d to %d (%s) where %d should come", u.Records, u.Since, u.Until, u.Reason, next)
		}
		next += u.Records
		lost += u.Records
	}
	if next != n+1 || lost == 0 {
		t.Errorf("told of %d events of %d, %d of them lost", next-1, n, lost)
	}
}

func TestFollowersGetWhatTheyAskFor(t *testing.T) {
	f := NewFollowers()
	shm := recordtest.Decoded(decode.KindExec, decode.Exec{}, recordtest.Texts("/dev/shm/x", "x\x00", "", "", "", "", "x")...)
	other := recordtest.Decoded(decode.KindFileUnlink, decode.FileChange{}, []byte("/tmp/\x1b[31m"))
	lost := recordtest.Decoded(decode.KindLost, decode.Lost{Records: 7})
	for _, c := range []struct {
		query url.Values
		kinds string // of what comes, in order
	}{
		{nil, "exec file_unlink lost"},
		{url.Values{"kind": {"exec"}}, "exec lost"},
		{url.Values{"kind": {"exec", "file_unlink"}}, "exec file_unlink lost"},
		{url.Values{"filter": {"path~/tmp/"}}, "file_unlink lost"},
		{url.Values{"filter": {"path~/tmp/"}, "kind": {"exec"}}, "lost"},
		{url.Values{"filter": {"kind=exec"}, "form": {"text"}}, "exec lost"},
		{url.Values{"form": {"colour"}}, "exec file_unlink lost"},
	} {
		r := newReader()
		close(r.let)
		end := follow(t, f, r, c.query)
		for _, record := range []decode.Record{shm, other, lost} {
			f.Take(&Event{Record: record})
		}
		want := strings.Fields(c.kinds)
		eventually(t, c.query.Encode()+": lines come", func() bool { return len(r.lines()) == len(want)+1 })
		end()
		text := strings.Join(r.lines(), "")
		for i, kind := range want {
			if !strings.Contains(r.lines()[i], kind) {
				t.Errorf("%s: line %d is %q, want %s", c.query.Encode(), i, r.lines()[i], kind)
			}
		}
		form := c.query.Get("form")
		if json := strings.HasPrefix(text, "{"); json != (form == "") || r.header.Get("Content-Type") == "" {
			t.Errorf("%s: %q", form, text)
		}
		if strings.Contains(text, "\x1b[31mlost") != (form == "colour") || strings.Contains(text, "/tmp/\x1b") {
			t.Errorf("%s: %q", form, text)
		}
	}
	if f.count.Load() != 0 || len(f.all) != 0 {
		t.Errorf("%d follow still", f.count.Load())
	}
}

func TestFollowersRefuse(t *testing.T) {
	f := NewFollowers()
	for query, says := range map[string]string{
		"kind=exek":      `kinds: "exek" is none: vigil doctor lists them`,
		"filter=pid%3Dx": `parse filter: column 5: pid="x": must be a number`,
		"form=xml":       `form: "xml" is none: give json, text or colour`,
	} {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/events?"+query, nil))
		if w.Code != http.StatusBadRequest || !strings.HasPrefix(w.Body.String(), says) {
			t.Errorf("%s: %d, %s", query, w.Code, w.Body)
		}
	}
	var ends []func()
	for range maxFollowers {
		ends = append(ends, follow(t, f, newReader(), nil))
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/events", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("one more than %d: %d, %s", maxFollowers, w.Code, w.Body)
	}
	for _, end := range ends {
		end()
	}
	if f.count.Load() != 0 {
		t.Errorf("%d follow still", f.count.Load())
	}
}

// Events cost nothing while nobody follows, nor when nobody wants them.
func TestFollowersAllocateNothing(t *testing.T) {
	f, e := NewFollowers(), fileEvent(1, 10)
	if n := testing.AllocsPerRun(100, func() { f.Take(e) }); n != 0 {
		t.Errorf("without followers: %v allocations", n)
	}
	r := newReader()
	close(r.let)
	defer follow(t, f, r, url.Values{"filter": {"kind=exec name=sh"}})()
	if n := testing.AllocsPerRun(100, func() { f.Take(e) }); n != 0 {
		t.Errorf("for a follower who wants others: %v allocations", n)
	}
}

func BenchmarkFollowersFilter(b *testing.B) {
	f, e := NewFollowers(), fileEvent(1, 30)
	filter, err := decode.ParseFilter("kind=exec,connect name=sh path~/etc/")
	if err != nil {
		b.Fatal(err)
	}
	f.add(&follower{lines: make(chan []byte, 1), kinds: ^uint64(0), filter: filter})
	b.ReportAllocs()
	for b.Loop() {
		f.Take(e)
	}
}
