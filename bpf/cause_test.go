//go:build linux

package bpf

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"vigil/decode"
)

// A cause is what a test does for real, in a process of its own: this binary again,
// told by its environment which cause to run. It hands back what the records must
// say. The capture's scope is the test and what it starts.

// facts are what a cause knows of itself.
type facts struct {
	N map[string]uint64
	S map[string]string
}

func newFacts() *facts {
	return &facts{N: map[string]uint64{
		"pid": uint64(os.Getpid()), "tid": uint64(syscall.Gettid()), "uid": uint64(os.Getuid()),
	}, S: map[string]string{}}
}

// told is a record as tests compare it.
type told struct {
	kind  decode.Kind
	flags uint16
	count uint32 // 0 in an expectation: 1
	by    string // fact that holds the process; "" in an expectation: pid
	event any    // its struct of package decode, lengths zeroed
	texts []string
}

// row is a cause with the records of some kinds that it must and may give.
type row struct {
	name  string
	kinds []decode.Kind
	cause func(f *facts) error
	want  func(w *world, f *facts) []told
	skip  func() string // why it cannot run here
}

// world is what the records of a row say of its processes.
type world struct {
	tier    Tier
	records []decode.Record
	execs   map[uint32]*decode.Exec
	ids     map[uint32]uint64 // the latest exec ID by process
	forks   map[uint32]uint64 // the first
}

func (w *world) full() bool { return w.tier != TierTracepoint }

const factsFD = 3

// TestCause is the other side of runRows: it runs one cause.
func TestCause(t *testing.T) {
	name := os.Getenv("VIGIL_CAUSE")
	if name == "" {
		t.Skip("run by other tests, in a process of its own")
	}
	runtime.LockOSThread()
	f := newFacts()
	for _, r := range slices.Concat(memoryRows(), identityRows(), traceRows(), kernelRows(), helperRows()) {
		if r.name != name {
			continue
		}
		if err := r.cause(f); err != nil {
			f.S["error"] = err.Error()
		}
		if err := hand(f); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no cause %q", name)
}

func hand(f *facts) error {
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	_, err = syscall.Write(factsFD, append(b, '\n'))
	return err
}

// causeCommand prepares a process that runs a cause and hands its facts to the pipe.
func causeCommand(name string, pipe *os.File) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestCause$")
	// Without Go's signals to its own threads, which cut long system calls short: BPF program loads.
	cmd.Env = append(os.Environ(), "VIGIL_CAUSE="+name, "GODEBUG=asyncpreemptoff=1")
	cmd.ExtraFiles = []*os.File{pipe}
	return cmd
}

// runChild runs a cause to its end.
func runChild(name string, how *syscall.SysProcAttr) (*facts, int, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = r.Close() }()
	cmd := causeCommand(name, w)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = how
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		return nil, 0, err
	}
	f := &facts{}
	err = json.NewDecoder(r).Decode(f)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return nil, 0, fmt.Errorf("cause %s: %w", name, err)
	}
	if s := f.S["error"]; s != "" {
		return nil, 0, fmt.Errorf("cause %s: %s", name, s)
	}
	return f, cmd.Process.Pid, nil
}

// captureCauses gives the capture that tests share, which must see these kinds in
// the tier that is asked for.
func captureCauses(t *testing.T, kinds []decode.Kind) *captured {
	t.Helper()
	c := capture(t)
	for _, covered := range c.Coverage() {
		if !slices.Contains(kinds, decode.Kind(covered.Kind)) || covered.Tier == causeTier() {
			continue
		}
		if covered.Tier == TierKprobe && kernelTypesLack(covered.Missing) {
			t.Logf("kind %d: tier %s: %v", covered.Kind, covered.Tier, covered.Missing)
			continue
		}
		t.Errorf("kind %d is captured in tier %s: %v", covered.Kind, covered.Tier, covered.Missing)
		if v := (*ebpf.VerifierError)(nil); errors.As(covered.Missing, &v) {
			t.Logf("%+v", v)
		}
	}
	return c
}

// kernelTypesLack tells a kernel whose types do not let trampolines see a system
// call that kernel/sys_ni.c defines too: the stand-in's arguments have no type
// (5.10), or the name stands twice (6.1).
func kernelTypesLack(err error) bool {
	return err != nil && (errors.Is(err, btf.ErrMultipleMatches) || strings.Contains(err.Error(), "type FWD is not a struct"))
}

// runRows runs each cause and compares what the kernel told with what it must tell.
func runRows(t *testing.T, rows []row) {
	var kinds []decode.Kind
	for _, r := range rows {
		kinds = append(kinds, r.kinds...)
	}
	c := captureCauses(t, kinds)
	for _, r := range rows {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) {
			if r.skip != nil {
				if why := r.skip(); why != "" {
					t.Skip(why)
				}
			}
			begin := bootTime()
			f, _, err := runChild(r.name, nil)
			if err == nil && f.S["remove"] != "" {
				err = os.Remove(f.S["remove"])
			}
			if err != nil {
				drain(c.Capture)
				t.Fatal(err)
			}
			w := &world{tier: causeTier(), execs: map[uint32]*decode.Exec{}, ids: map[uint32]uint64{}, forks: map[uint32]uint64{}}
			w.records = drain(c.Capture)
			check(t, w, r, f, begin)
		})
	}
	for _, l := range c.lostSince(t) {
		// A program that was preempted makes the kernel skip it for others of the CPU
		// (Linux 7.2, on a busy machine); a row that needed one of those has failed.
		if l.Reason == LostRecursion {
			t.Logf("skipped %+v", l)
			continue
		}
		t.Errorf("lost %+v", l)
	}
}

func check(t *testing.T, w *world, r row, f *facts, begin uint64) {
	var got []told
	var headers []*decode.Header
	for _, record := range w.records {
		if record.Kind() == decode.KindFork {
			w.forks[record.Fork().ChildPID] = record.Fork().ChildExecID
		}
		if record.Kind() == decode.KindExec {
			w.execs[record.PID], w.ids[record.PID] = record.Exec(), record.ExecID
		}
		if slices.Contains(r.kinds, record.Kind()) {
			got = append(got, tell(record))
			headers = append(headers, record.Header)
		}
	}
	want := r.want(w, f)
	for i := range max(len(got), len(want)) {
		if i >= len(got) {
			t.Errorf("missing %+v", want[i])
			continue
		}
		if i >= len(want) {
			t.Errorf("not asked for: %+v by %d", got[i], headers[i].PID)
			continue
		}
		g, h := got[i], headers[i]
		by := want[i].by
		if by == "" {
			by = "pid"
		}
		if want[i].count == 0 {
			want[i].count = 1
		}
		want[i].by = ""
		if !reflect.DeepEqual(g, want[i]) {
			t.Errorf("record %d\n got %+v\nwant %+v", i, g, want[i])
		}
		if pid := uint32(f.N[by]); h.PID != pid || h.TID == 0 || h.UID != 0 || h.CgroupID == 0 || h.ParentExecID == 0 {
			t.Errorf("record %d of process %d: header %+v", i, pid, h)
		}
		if by == "pid" && f.N["exec id"] == 0 && h.ExecID != w.ids[h.PID] {
			t.Errorf("record %d: exec ID %x, the process's is %x", i, h.ExecID, w.ids[h.PID])
		}
		if h.Time < begin || h.Time > bootTime() {
			t.Errorf("record %d: time %d is outside of %d to %d", i, h.Time, begin, bootTime())
		}
	}
}

// tell makes a record comparable.
func tell(r decode.Record) told {
	var event reflect.Value
	texts := 0
	switch r.Kind() {
	case decode.KindMmap, decode.KindMprotect:
		event, texts = reflect.ValueOf(*r.Memory()), 1
	case decode.KindMemfd, decode.KindUserfaultfd, decode.KindIOUring:
		event, texts = reflect.ValueOf(*r.Descriptor()), 1
	case decode.KindCredentials:
		event = reflect.ValueOf(*r.Credentials())
	case decode.KindNamespace:
		event = reflect.ValueOf(*r.Namespace())
	case decode.KindPtrace:
		event = reflect.ValueOf(*r.Ptrace())
	case decode.KindProcessVM:
		event = reflect.ValueOf(*r.ProcessVM())
	case decode.KindSignal:
		event = reflect.ValueOf(*r.Signal())
	case decode.KindRenameTask:
		event, texts = reflect.ValueOf(*r.RenameTask()), 1
	case decode.KindCgroup:
		event, texts = reflect.ValueOf(*r.Cgroup()), 1
	case decode.KindModule:
		event, texts = reflect.ValueOf(*r.Module()), 3
	case decode.KindBPF:
		event, texts = reflect.ValueOf(*r.BPF()), 1
	case decode.KindKexec:
		event = reflect.ValueOf(*r.Kexec())
	}
	out := told{kind: r.Kind(), flags: r.Flags, count: r.Count}
	for i := range texts {
		out.texts = append(out.texts, string(r.Text(i)))
	}
	bare := reflect.New(event.Type()).Elem()
	bare.Set(event)
	if lengths := bare.FieldByName("Len"); lengths.IsValid() {
		lengths.SetZero()
	}
	out.event = bare.Interface()
	return out
}

// drain takes everything out of the rings. Records are complete when their process was waited for.
func drain(c *Capture) []decode.Record {
	var out []decode.Record
	take := func(b []byte) {
		room := make([]uint64, (len(b)+7)/8) // aligned, as Decode wants it
		own := unsafeBytes(room)[:len(b)]
		copy(own, b)
		r, err := decode.Decode(own)
		if err != nil {
			panic(err)
		}
		out = append(out, r)
	}
	time.Sleep(time.Millisecond)
	c.Vital.Read(c.Vital.End(), take)
	c.Bulk.Read(c.Bulk.End(), take)
	return out
}

// victim starts a process of this test that waits to be done something to; stop ends it.
func victim(f *facts, uid int) (its *facts, stop func() error, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd := causeCommand("wait", w)
	cmd.Env = append(cmd.Env, fmt.Sprintf("VIGIL_UID=%d", uid))
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		return nil, nil, err
	}
	its = &facts{}
	if err := json.NewDecoder(r).Decode(its); err != nil {
		return nil, nil, err
	}
	f.N["victim"] = uint64(cmd.Process.Pid)
	return its, func() error {
		err := in.Close()
		if wait := cmd.Wait(); wait != nil && !errors.As(wait, new(*exec.ExitError)) {
			err = errors.Join(err, wait)
		}
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Exited() && status.ExitStatus() != 0 {
			err = fmt.Errorf("the victim failed: %d", status.ExitStatus())
		}
		return errors.Join(err, r.Close()) // read to the end: it hands its facts twice
	}, nil
}

// helperRows are causes that other causes start.
func helperRows() []row {
	return []row{
		{name: "wait", cause: func(f *facts) error {
			var uid int
			if _, err := fmt.Sscan(os.Getenv("VIGIL_UID"), &uid); err != nil {
				return err
			}
			if err := syscall.Setresuid(uid, uid, uid); err != nil {
				return err
			}
			page, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
			if err != nil {
				return err
			}
			f.N["page"] = addressOf(page)
			if err := hand(f); err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, os.Stdin)
			return err
		}},
		{name: "where", cause: noteNamespaces},
		{name: "attach", cause: func(f *facts) error {
			_, stop, err := victim(f, 0)
			if err != nil {
				return err
			}
			if err := hold(f.N["victim"], ptraceAttach); err != nil {
				return err
			}
			_, err = must("ptrace", ptraceDetach, f.N["victim"], 0, 0)
			return errors.Join(err, stop())
		}},
		{name: "ids", cause: func(f *facts) error {
			if err := json.Unmarshal([]byte(os.Getenv("VIGIL_FACTS")), f); err != nil {
				return err
			}
			return ids(f, "after ")
		}},
	}
}
