//go:build linux

package capture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"vigil/bpf"
	"vigil/decode"
)

// want is what one record must say of a path.
type want struct {
	Kind  decode.Kind
	Text  int    // which of its strings
	Path  []byte // the truth, from the root of the mount namespace
	Raw   []byte // as the program gave it, where a tier may tell that
	Flags uint16 // that the header must have; of those in doubtful, no others
	Exec  uint32 // the same of an exec's own flags
	Cut   bool   // only the end of it can be told
}

// doubtful are the flags that say how a path differs from a plain one.
const doubtful = decode.EventPathCut | decode.EventPathDetached | decode.EventPathRaw | decode.EventPathUnreadable |
	decode.EventFileDeleted | decode.EventFileMemfd | decode.EventFileSHM

const doubtfulExec = decode.ExecCWDDetached | decode.ExecChroot | decode.ExecByDescriptor

// pathReport is what a child of the path test says that it caused.
type pathReport struct {
	Begin uint64 // CLOCK_BOOTTIME ns: what came before was preparation
	End   uint64
	Wants []want
	Skip  string // why this kernel cannot have the situation
}

func bootTime() uint64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return 0
	}
	return uint64(t.Nano())
}

// causePath brings a situation about, in the mount namespace of this process, and reports.
func causePath(name string) (err error) {
	defer func() {
		if failure, ok := recover().(causeError); ok {
			err = failure.error
		}
	}()
	p := &place{dir: os.Getenv("VIGIL_DIR"), program: os.Getenv("VIGIL_GENERATOR")}
	if ns, err := os.Readlink("/proc/self/ns/mnt"); err != nil || ns == os.Getenv("VIGIL_OTHER_NS") {
		return fmt.Errorf("no mount namespace of its own: %s, %w", ns, err)
	}
	p.must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	situations()[name](p)
	p.report.End = bootTime()
	return json.NewEncoder(os.Stdout).Encode(p.report)
}

// Whatever is done to confuse a path, each record tells the whole path or a flag
// says what is amiss with it.
func TestPaths(t *testing.T) {
	program := generatorPath(t)
	var mutex sync.Mutex
	var records []decode.Record
	w := watch(t, settings(t), func(r decode.Record) {
		mutex.Lock()
		defer mutex.Unlock()
		if kept, err := decode.Decode(aligned(r.Bytes())); err == nil {
			records = append(records, kept)
		}
	})
	ns, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	reports := map[string]pathReport{}
	for name := range situations() {
		dir := filepath.Join(t.TempDir(), "place")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("/proc/self/exe", "-test.run=^$")
		cmd.Env = append(os.Environ(), childRole+"=path "+name, "VIGIL_DIR="+dir, "VIGIL_GENERATOR="+program, "VIGIL_OTHER_NS="+ns)
		cmd.Stderr = os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		out, err := cmd.Output()
		var report pathReport
		if err == nil {
			err = json.Unmarshal(out, &report)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		reports[name] = report
	}
	// Repeats are told when their second is over.
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		mutex.Lock()
		all := true
		for _, report := range reports {
			all = all && len(w.missing(&report, records)) == 0
		}
		mutex.Unlock()
		if all {
			break
		}
	}
	lost := w.tally(t).lost
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	if lost != [decode.KindCount]uint64{} {
		t.Fatalf("records were lost: %v by kind", lost)
	}
	for name, report := range reports {
		t.Run(name, func(t *testing.T) {
			if report.Skip != "" {
				t.Skip(report.Skip)
			}
			w.judge(t, &report, records)
		})
	}
}

func aligned(b []byte) []byte {
	words := make([]uint64, (len(b)+7)/8)
	raw := unsafeBytes(words)[:len(b)]
	copy(raw, b)
	return raw
}

// of gives the records from the time of a situation.
func (p *pathReport) of(all []decode.Record) []decode.Record {
	var records []decode.Record
	for _, r := range all {
		if r.Time >= p.Begin && r.Time <= p.End {
			records = append(records, r)
		}
	}
	return records
}

// missing gives what was caused and is not told.
func (w *watcher) missing(report *pathReport, all []decode.Record) []want {
	records := report.of(all)
	return slices.DeleteFunc(slices.Clone(report.Wants), func(want want) bool {
		return slices.ContainsFunc(records, func(r decode.Record) bool { return w.tells(&want, r) })
	})
}

// judge holds the records of a situation against what was caused.
func (w *watcher) judge(t *testing.T, report *pathReport, all []decode.Record) {
	records := report.of(all)
	for _, want := range w.missing(report, all) {
		t.Errorf("no record tells %s", &want)
	}
	for _, r := range records {
		if text := decode.AppendJSON(nil, r, &decode.Actor{}); !json.Valid(text) || !utf8.Valid(text) || bytes.ContainsAny(text, "\n") {
			t.Errorf("no line of JSON: %q", text)
		}
		w.doubt(t, report, r)
	}
	if t.Failed() {
		for _, r := range records {
			t.Logf("got %s", sketch(r))
		}
	}
}

// doubt fails for a record that tells, without a flag, a path that is not what was
// caused. (A layer of an overlay is mounted nowhere: what the kernel does there is
// flagged as detached, and is nobody's want.)
func (w *watcher) doubt(t *testing.T, report *pathReport, r decode.Record) {
	if r.Is(decode.EventPathDetached) {
		return
	}
	for i := range 2 {
		of := func(want want) bool { return want.Kind == r.Kind() && want.Text == i }
		told := slices.ContainsFunc(report.Wants, of)
		right := slices.ContainsFunc(report.Wants, func(want want) bool { return of(want) && w.tells(&want, r) })
		if told && !right {
			t.Errorf("a record tells what did not happen: %s", sketch(r))
		}
	}
}

// tells says whether the record is the one that is wanted.
func (w *watcher) tells(want *want, r decode.Record) bool {
	if r.Kind() != want.Kind {
		return false
	}
	text, whole := r.Text(want.Text), want.Path
	expected := want.Flags
	if r.Is(decode.EventPathRaw) {
		if want.Raw == nil || w.covered(r.Kind()).Tier != bpf.TierTracepoint {
			return false
		}
		whole = want.Raw
		// A name as given says less of the file, and may have room where the whole path has none.
		expected = decode.EventPathRaw | expected&decode.EventPathDetached
		if want.Cut {
			expected |= r.Flags & decode.EventPathCut
		}
	}
	if r.Flags&doubtful != expected {
		return false
	}
	if r.Kind() == decode.KindExec && r.Exec().Flags&doubtfulExec != want.Exec {
		return false
	}
	if expected&decode.EventPathCut != 0 || want.Exec&decode.ExecCWDDetached != 0 && want.Cut {
		return bytes.HasSuffix(whole, text) && (len(text) >= 90 || len(text) == len(whole))
	}
	return bytes.Equal(text, whole)
}

func (w *want) String() string {
	return fmt.Sprintf("%s %s", w.Kind, shape(w.Kind, w.Text, w.Path, w.Flags, w.Exec)) + fmt.Sprintf(" (raw %.200q)", w.Raw)
}

func shape(kind decode.Kind, text int, path []byte, flags uint16, execFlags uint32) string {
	short := fmt.Sprintf("%q", path)
	if len(short) > 300 {
		short = short[:140] + "…" + short[len(short)-140:]
	}
	return fmt.Sprintf("[%d] %s (%d bytes) flags %#x exec %#x", text, short, len(path), flags&doubtful, execFlags)
}

func sketch(r decode.Record) string {
	var flags uint32
	texts := 2
	if r.Kind() == decode.KindExec {
		flags, texts = r.Exec().Flags, 5
	}
	line := fmt.Sprintf("%s of %d", r.Kind(), r.PID)
	for i := range texts {
		if text := r.Text(i); text != nil {
			line += " " + shape(r.Kind(), i, text, r.Flags, flags)
		}
	}
	return line
}
