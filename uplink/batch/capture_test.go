package batch_test

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vigil/decode"
)

// captured is an event as a sink gets it.
type captured struct {
	record decode.Record
	actor  *decode.Actor
}

// capture is a course of events.
type capture struct {
	meta   decode.Meta
	events []captured
	room   []byte
}

// recordingVariable names a recording of vigil run --record that the benchmarks use.
const recordingVariable = "VIGIL_RECORDING"

// table gives events their actors, as far as the records tell.
type table struct {
	meta   decode.Meta
	actors map[uint64]*decode.Actor
	parent map[uint64]uint64
	told   map[uint64]*decode.Actor
}

func newTable(m decode.Meta) *table {
	return &table{meta: m, actors: map[uint64]*decode.Actor{}, parent: map[uint64]uint64{}, told: map[uint64]*decode.Actor{}}
}

func (t *table) actor(r decode.Record) *decode.Actor {
	a := t.actors[r.ExecID]
	if a == nil {
		a = &decode.Actor{PID: r.PID, ExecID: r.ExecID}
	}
	switch r.Kind() {
	case decode.KindLost:
		return &decode.Actor{BootOffset: t.meta.BootOffset, Hostname: t.meta.Host}
	case decode.KindFork:
		child := *a
		child.ExecID, child.PID, child.PPID, child.Start = r.Fork().ChildExecID, r.Fork().ChildPID, r.PID, r.Time
		t.actors[child.ExecID], t.parent[child.ExecID] = &child, r.ExecID
	case decode.KindExec, decode.KindProcess:
		e := r.Exec()
		a = &decode.Actor{
			PID: r.PID, PPID: e.PPID, ExecID: r.ExecID, Start: e.Start, Path: r.Text(decode.ExecPathText),
			Arguments: r.Text(decode.ExecArgumentsText), Comm: r.Text(decode.ExecCommText), CWD: r.Text(decode.ExecCWDText),
		}
		t.actors[r.ExecID], t.parent[r.ExecID] = a, r.ParentExecID
	}
	told := *a
	told.BootOffset, told.Hostname, told.Parent = t.meta.BootOffset, t.meta.Host, t.actors[t.parent[r.ExecID]]
	if r.UID == 0 {
		told.User = "root"
	}
	if last := t.told[r.ExecID]; last != nil && reflect.DeepEqual(*last, told) {
		return last
	}
	t.told[r.ExecID] = &told
	return &told
}

// readCapture reads a recording into memory.
func readCapture(tb testing.TB, from io.Reader) *capture {
	tb.Helper()
	reader, err := decode.NewReader(bufio.NewReader(from))
	if err != nil {
		tb.Fatal(err)
	}
	c := &capture{meta: reader.Meta()}
	table := newTable(c.meta)
	for {
		r, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return c
		}
		if err != nil {
			tb.Fatal(err)
		}
		r = c.keep(tb, r)
		c.events = append(c.events, captured{r, table.actor(r)})
	}
}

// keep copies a record to where the one before ends, as records lie in a ring.
func (c *capture) keep(tb testing.TB, r decode.Record) decode.Record {
	if len(c.room) < len(r.Bytes()) {
		c.room = aligned(make([]byte, 4<<20))
	}
	again, err := decode.Decode(c.room[:copy(c.room, r.Bytes())])
	if err != nil {
		tb.Fatal(err)
	}
	c.room = c.room[min((len(r.Bytes())+7)&^7, len(c.room)):]
	return again
}

// recording reads the recording that the environment names.
func recording(tb testing.TB) *capture {
	tb.Helper()
	name := os.Getenv(recordingVariable)
	if name == "" {
		tb.Skipf("%s names no recording of vigil run --record", recordingVariable)
	}
	f, err := os.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	return readCapture(tb, f)
}

// mixture tells how often each kind comes.
func (c *capture) mixture() string {
	counts := map[string]int{}
	for _, e := range c.events {
		counts[e.record.Kind().String()]++
	}
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return counts[b] - counts[a] })
	for i, k := range kinds {
		kinds[i] = k + " " + percent(counts[k], len(c.events))
	}
	return strings.Join(kinds, ", ")
}
