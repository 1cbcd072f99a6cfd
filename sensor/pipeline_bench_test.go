//go:build linux

package sensor

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vigil/bpf"
	"vigil/bpf/ringtest"
	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/sensor/process"
)

// filled is a sensor whose rings the test fills: all else is as in production.
type filled struct {
	*Sensor
	rings [decode.RingCount]*ringtest.Ring
}

func newFilled(t testing.TB, vital, bulk int, table process.Settings) *filled {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("ring buffers need root")
	}
	f := &filled{}
	for i, size := range []int{decode.RingVital: vital, decode.RingBulk: bulk} {
		r, err := ringtest.New(size)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
		f.rings[i] = r
	}
	log := slog.New(slog.DiscardHandler)
	f.Sensor = &Sensor{
		log: log, table: process.New(table), names: newNames(log),
		capture: &bpf.Capture{Vital: f.rings[decode.RingVital].Ring, Bulk: f.rings[decode.RingBulk].Ring},
		sinks:   []Sink{NewFollowers()},
	}
	f.judging, f.judge = true, newJudge(ownRules(t), f.table, decode.Meta{}, 1, f.tellAlert)
	f.sampler = newSampler()
	f.judge.look = f.sampler.ask
	c := Default()
	f.config.Store(&c)
	return f
}

// fill writes traffic until a ring is nearly full, and gives how many records and bytes that was.
func (f *filled) fill(t testing.TB, tr *traffic) (records, bytes int) {
	t.Helper()
	var used [decode.RingCount]int
	for {
		b := tr.next()
		r, err := decode.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		ring := r.Ring
		if err := f.rings[ring].Put(b); err != nil {
			t.Fatal(err)
		}
		records, bytes = records+1, bytes+len(b)
		if used[ring] += len(b) + 16; used[ring] > f.rings[ring].Size()-4096 {
			break
		}
	}
	for _, r := range f.rings {
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	return records, bytes
}

// mixture is how often each kind comes on a busy server, in hundredths, and by which ring.
var mixture = []struct {
	kind decode.Kind
	ring uint16
	n    int
}{
	{decode.KindFileOpen, decode.RingBulk, 30},
	{decode.KindFileWrite, decode.RingBulk, 15},
	{decode.KindFork, decode.RingVital, 8},
	{decode.KindExec, decode.RingVital, 8},
	{decode.KindExit, decode.RingVital, 8},
	{decode.KindMmap, decode.RingBulk, 7},
	{decode.KindConnect, decode.RingVital, 6},
	{decode.KindFlowEnd, decode.RingBulk, 6},
	{decode.KindDNS, decode.RingBulk, 4},
	{decode.KindFileUnlink, decode.RingBulk, 3},
	{decode.KindFileRename, decode.RingBulk, 3},
	{decode.KindCredentials, decode.RingVital, 2},
}

// actor is a process that traffic is made of.
type actor struct {
	id, parent, start uint64
	pid               uint32
}

// traffic makes records of processes that begin, act and end.
type traffic struct {
	random *rand.Rand
	live   []actor
	now    uint64
	ids    uint64
	pid    uint32
}

func newTraffic() *traffic {
	return &traffic{
		random: rand.New(rand.NewPCG(1, 2)), now: 1_000_000_000_000, pid: 2,
		live: []actor{{id: 1, start: 1, pid: 1}},
	}
}

// next gives one record; the same slice may not be kept.
func (t *traffic) next() []byte {
	t.now += 1000
	roll := t.random.IntN(100)
	for _, m := range mixture {
		if roll -= m.n; roll < 0 {
			return t.record(m.kind, m.ring)
		}
	}
	panic("the mixture has no hundred hundredths")
}

func (t *traffic) newID() uint64 {
	t.ids++
	return t.ids*0x9e3779b97f4a7c15 | 1
}

func idsOf(uid uint32) decode.IDs { return decode.IDs{UID: uid, EUID: uid, SUID: uid, FSUID: uid} }

func (t *traffic) record(kind decode.Kind, ring uint16) []byte {
	i := t.random.IntN(len(t.live))
	switch {
	case kind == decode.KindExit && (i == 0 || len(t.live) < 400):
		kind = decode.KindFork
	case kind == decode.KindFork && len(t.live) > 500:
		if kind = decode.KindExit; i == 0 {
			i = 1
		}
	}
	p := &t.live[i]
	h := recordtest.Header()
	h.Time, h.Ring, h.ExecID, h.ParentExecID, h.PID, h.TID = t.now, ring, p.id, p.parent, p.pid, p.pid
	long := []byte("/usr/lib/x86_64-linux-gnu/some/where/deep/in/a/tree/of/directories/that/has/names/of/many/sizes/to/show/file.name")
	path := long[:20+t.random.IntN(len(long)-20)]
	switch kind {
	case decode.KindFork:
		t.pid++
		child := actor{id: t.newID(), parent: p.id, start: t.now, pid: t.pid}
		t.live = append(t.live, child)
		return recordtest.BuildWith(h, kind, decode.Fork{ChildExecID: child.id, ChildPID: child.pid, PPID: p.pid})
	case decode.KindExec:
		previous := p.id
		p.id = t.newID()
		h.ExecID = p.id
		arguments := append([]byte("program\x00--with\x00"), long[:t.random.IntN(len(long))]...)
		return recordtest.BuildWith(h, kind, decode.Exec{PreviousExecID: previous, Start: p.start, Inode: uint64(p.pid), PPID: 1, Argc: 3},
			path, append(arguments, 0), []byte("/srv/app"), path, nil, nil, []byte("program"))
	case decode.KindExit:
		start := p.start
		t.live[i] = t.live[len(t.live)-1]
		t.live = t.live[:len(t.live)-1]
		return recordtest.BuildWith(h, kind, decode.Exit{Start: start})
	case decode.KindFileOpen:
		return recordtest.BuildWith(h, kind, decode.FileOpen{OpenFlags: 0o1101}, path)
	case decode.KindFileWrite:
		return recordtest.BuildWith(h, kind, decode.FileWrite{Bytes: 4096, Writes: 1}, path)
	case decode.KindFileUnlink:
		return recordtest.BuildWith(h, kind, decode.FileChange{}, path)
	case decode.KindCredentials: // a service that gives up what it has no need for
		return recordtest.BuildWith(h, kind, decode.Credentials{Before: idsOf(h.UID), After: idsOf(h.UID)})
	}
	b := recordtest.Sample(kind)
	r, err := decode.Decode(b)
	if err != nil {
		panic(err)
	}
	h.Length, h.Kind = r.Length, r.Header.Kind
	*r.Header = h
	return b
}

// BenchmarkPipeline reads rings that are full, as after a burst: real rings in
// the kernel, read in place, through decoding and the process table to the judges,
// and through them, on one core. The plain copy of the same bytes is what moving them
// alone costs.
func BenchmarkPipeline(b *testing.B) {
	b.Run("to the judges", func(b *testing.B) { benchmarkPipeline(b, false) })
	b.Run("judged", func(b *testing.B) { benchmarkPipeline(b, true) })
}

func benchmarkPipeline(b *testing.B, judging bool) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f, tr := newFilled(b, 8<<20, 16<<20, process.Settings{}), newTraffic()
	f.judging = judging
	for range 8 { // the tables get their size
		f.pass(b, tr)
	}
	from, to := make([]byte, 24<<20), make([]byte, 24<<20)
	var records, bytes int
	var copied, spent time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		n, size := f.fill(b, tr)
		records, bytes = records+n, bytes+size
		began := threadTime(b)
		copy(to[:size], from[:size])
		copied += threadTime(b) - began
		began = threadTime(b)
		b.StartTimer()
		f.read(b, tr, n)
		b.StopTimer()
		spent += threadTime(b) - began
		b.StartTimer()
	}
	b.StopTimer()
	f.check(b, tr)
	b.SetBytes(int64(bytes / b.N))
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(records)/spent.Seconds(), "events/cpu-s") // where the core was shared
	b.ReportMetric(float64(spent.Nanoseconds())/float64(records), "cpu-ns/event")
	b.ReportMetric(spent.Seconds()/copied.Seconds(), "x-copy")
}

// threadTime is the CPU time that this thread took.
func threadTime(t testing.TB) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		t.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

func (f *filled) read(t testing.TB, tr *traffic, records int) {
	if got := f.drain(); got != records {
		t.Fatalf("%d records of %d", got, records)
	}
	f.table.Expire(tr.now)
}

func (f *filled) pass(t testing.TB, tr *traffic) {
	n, _ := f.fill(t, tr)
	f.read(t, tr, n)
}

// check fails when the records did not mean what they were made to.
func (f *filled) check(t testing.TB, tr *traffic) {
	t.Helper()
	if f.damaged != 0 || f.gaps.seen != 0 {
		t.Errorf("%d records are damaged, %d are missing", f.damaged, f.gaps.seen)
	}
	for _, p := range tr.live[1:] {
		if q := f.table.Lookup(p.id); q == nil || q.PID != p.pid || q.ParentExecID != p.parent || !q.Running() {
			t.Fatalf("the table has %+v for %+v", q, p)
		}
	}
}

// Nothing is allocated between the ring and the judges, once the tables have
// their size: over many records in a row not once.
func TestPipelineAllocatesNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	f, tr := newFilled(t, 1<<20, 1<<20, process.Settings{MaxLive: 1024, MaxDead: 512}), newTraffic()
	const enough = 5
	quiet, records := 0, 0
	var last uint64
	for range 200 { // new maxima of what is held at once come ever more seldom
		n, _ := f.fill(t, tr)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f.read(t, tr, n)
		runtime.ReadMemStats(&after)
		quiet, records = quiet+1, records+n
		if last = after.Mallocs - before.Mallocs; last != 0 {
			quiet, records = 0, 0
		}
		if quiet == enough {
			break
		}
	}
	f.check(t, tr)
	if quiet < enough {
		t.Errorf("each batch allocates: %d times in the last", last)
	}
	t.Logf("%d records without an allocation", records)
}
