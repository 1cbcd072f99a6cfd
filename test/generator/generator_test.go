//go:build linux

package generator

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// build makes the generator and answers its path.
func build(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is not installed; test/generator/build would install it")
	}
	program := filepath.Join(t.TempDir(), "generator")
	if out, err := exec.Command("./build", program).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

// run runs a command that ends with a report, and answers the report and the exit status.
func run(t *testing.T, name string, args ...string) (Report, int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var r Report
	d := json.NewDecoder(&stdout)
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatalf("report: %v\n%s", err, stderr.Bytes())
	}
	if stderr.Len() > 0 {
		t.Logf("%s", stderr.Bytes())
	}
	return r, cmd.ProcessState.ExitCode()
}

// sum adds up size(i) over each worker's own operations.
func sum(count, workers int, size func(i int) int) uint64 {
	total := 0
	for w := range workers {
		share := count / workers
		if w < count%workers {
			share++
		}
		for i := range share {
			total += size(i)
		}
	}
	return uint64(total)
}

// firstOf tells how many of a worker's operations use a file for the first time.
func firstOf(files int) func(i int) int {
	return func(i int) int {
		if i < files {
			return 1
		}
		return 0
	}
}

func TestCountsAreExact(t *testing.T) {
	program := build(t)
	for _, size := range []struct{ count, workers int }{{1, 1}, {2, 3}, {1000, 3}} {
		n, w := uint64(size.count), uint64(size.workers)
		total := func(f func(i int) int) uint64 { return sum(size.count, size.workers, f) }
		created, one := total(firstOf(64)), total(firstOf(1))
		written := total(func(i int) int { return i%100 + 1 })
		exchanged := total(func(i int) int { return i % 50 })
		sent := total(func(i int) int { return i%50 + 1 })

		for kind, want := range map[string]struct{ did, overhead Tally }{
			"exec": {did: Tally{Execs: n, Forks: n, Exits: n}},
			"fork": {did: Tally{Forks: n, Exits: n}},
			"open": {
				did:      Tally{Creates: created, OpensForWrite: n, Closes: n},
				overhead: Tally{Unlinks: created},
			},
			"write": {
				did: Tally{
					Creates: created, OpensForWrite: n, Closes: n,
					ClosesAfterWrite: n, Writes: n, BytesWritten: written,
				},
				overhead: Tally{Unlinks: created},
			},
			"samefile": {
				did: Tally{
					Creates: one, OpensForWrite: n, Closes: n,
					ClosesAfterWrite: n, Writes: n, BytesWritten: 12 * n,
				},
				overhead: Tally{Unlinks: one},
			},
			"rename": {
				did:      Tally{Renames: n},
				overhead: Tally{Creates: w, OpensForWrite: w, Closes: w, Unlinks: w},
			},
			"unlink": {did: Tally{Creates: n, OpensForWrite: n, Closes: n, Unlinks: n}},
			"mkdir":  {did: Tally{Mkdirs: n, Rmdirs: n}},
			"connect": {
				did: Tally{
					Connects: n, Accepts: n,
					BytesClientToServer: exchanged, BytesServerToClient: exchanged,
				},
				overhead: Tally{Listens: w, Forks: w, Exits: w},
			},
			"udp":     {did: Tally{DatagramsSent: n, DatagramsReceived: n, DatagramBytes: sent}},
			"getppid": {did: Tally{Getppids: n}},
			"mixed": {
				did: Tally{
					Execs: n, Forks: n, Exits: n, Creates: created,
					OpensForWrite: n, Closes: n, ClosesAfterWrite: n, Writes: n, BytesWritten: written,
					Renames: n, Connects: n, Accepts: n,
					BytesClientToServer: exchanged, BytesServerToClient: exchanged,
				},
				overhead: Tally{
					Creates: w, OpensForWrite: w, Closes: w, Unlinks: created + w,
					Listens: w, Forks: w, Exits: w,
				},
			},
		} {
			t.Run(kind+" "+strconv.Itoa(size.count), func(t *testing.T) {
				dir := t.TempDir()
				r, status := run(t, program, kind, "--dir", dir,
					"--count", strconv.Itoa(size.count), "--workers", strconv.Itoa(size.workers))
				want.overhead.Forks += uint64(len(r.WorkerPIDs))
				want.overhead.Exits += uint64(len(r.WorkerPIDs))
				if status != 0 || len(r.Failures) > 0 {
					t.Errorf("status %d, failures %v", status, r.Failures)
				}
				if r.Did != want.did {
					t.Errorf("did %+v\nwant %+v", r.Did, want.did)
				}
				if r.Overhead != want.overhead {
					t.Errorf("overhead %+v\nwant %+v", r.Overhead, want.overhead)
				}
				if r.Kind != kind || r.Count != n || r.PID <= 0 || r.ElapsedNS <= 0 {
					t.Errorf("kind %q, count %d, pid %d, %d ns", r.Kind, r.Count, r.PID, r.ElapsedNS)
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("left in the directory: %v, %v", left, err)
				}
			})
		}
	}
}

func TestTree(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/kernel/pid_max")
	if err != nil {
		t.Fatal(err)
	}
	pids, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{"one": 1, "many": 3000}
	if !testing.Short() && pids <= 1<<15 {
		counts["more than there are pids"] = pids + 1000
	}
	program := build(t)
	for name, count := range counts {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r, status := run(t, program, "tree", "--dir", dir, "--workers", "2", "--count", strconv.Itoa(count))
			if status != 0 || len(r.Failures) > 0 {
				t.Errorf("status %d, failures %v", status, r.Failures)
			}
			records, err := ReadRecords(filepath.Join(dir, "tree.records"))
			if err != nil {
				t.Fatal(err)
			}
			did, reused := replay(t, r, records)
			if r.Did != did || did.Forks != uint64(count) {
				t.Errorf("did %+v\nrecords say %+v", r.Did, did)
			}
			if want := uint64(len(records) * 16); r.Overhead.BytesWritten != want {
				t.Errorf("%d bytes of overhead, want the %d of the records", r.Overhead.BytesWritten, want)
			}
			if count > pids && reused == 0 {
				t.Error("no pid was used twice")
			}
		})
	}
}

// replay checks that each process descends from one that is recorded before it, and counts what the
// records tell, and the pids that occur again.
func replay(t *testing.T, r Report, records []Record) (did Tally, reused int) {
	t.Helper()
	latest := map[uint32]Record{}
	fromThread := 0
	for i, p := range records {
		if p.PID == 0 || int(p.Order) != i || p.Depth < 1 || p.Depth > 6 {
			t.Fatalf("record %d: %+v", i, p)
		}
		if parent := latest[p.Parent]; p.Depth == 1 {
			if int(p.Parent) != r.WorkerPIDs[p.Worker] {
				t.Errorf("a root that is no worker's child: %+v", p)
			}
		} else if parent.Depth != p.Depth-1 || parent.Worker != p.Worker {
			t.Errorf("%+v is recorded as child of %+v", p, parent)
		} else if p.Flags&FromThread != 0 && parent.Flags&Threaded == 0 {
			t.Errorf("%+v came from a thread, but %+v had none", p, parent)
		}
		if _, ok := latest[p.PID]; ok {
			reused++
		}
		latest[p.PID] = p
		did.Forks++
		did.Exits++
		if p.Flags&Execed != 0 {
			did.Execs++
		}
		if p.Flags&Threaded != 0 {
			did.Threads++
		}
		if p.Flags&FromThread != 0 {
			fromThread++
		}
	}
	if fromThread > int(did.Threads) {
		t.Errorf("%d processes came from %d threads", fromThread, did.Threads)
	}
	return did, reused
}

func TestFailuresAreCounted(t *testing.T) {
	program := build(t)
	t.Run("refused", func(t *testing.T) {
		// proc has no mkdir.
		r, status := run(t, program, "mkdir", "--count", "30", "--workers", "2", "--dir", "/proc/self")
		if status != 1 || r.Failures["2"] != 30 || r.Did != (Tally{}) {
			t.Errorf("status %d, failures %v, did %+v", status, r.Failures, r.Did)
		}
	})
	t.Run("killed", func(t *testing.T) {
		// The first write kills each worker (SIGXFSZ).
		r, status := run(t, "sh", "-c", `ulimit -f 0 && exec "$@"`, "sh",
			program, "write", "--count", "30", "--workers", "2", "--dir", t.TempDir())
		if status != 1 || r.Failures["10"] != 2 || r.Did.Writes != 0 || r.Did.OpensForWrite != 2 {
			t.Errorf("status %d, failures %v, did %+v", status, r.Failures, r.Did)
		}
	})
}

func TestCommandLine(t *testing.T) {
	program, dir := build(t), t.TempDir()
	missing := filepath.Join(dir, "missing")
	for _, test := range []struct {
		args   string
		status int
		says   string
	}{
		{"", 2, "which kind?"},
		{"dance", 2, "no such kind: dance"},
		{"leaf", 2, "no such kind: leaf"},
		{"leaf 75", 11, ""},
		{"exec", 2, "--count, --workers and --dir are needed"},
		{"exec --count", 2, "no value for --count"},
		{"exec --count 0", 2, "out of range: --count"},
		{"exec --count 10000001", 2, "out of range: --count"},
		{"exec --count 99999999999999999999999999", 2, "out of range: --count"},
		{"exec --count -1", 2, "out of range: --count"},
		{"exec --count 1x", 2, "out of range: --count"},
		{"exec --workers 65", 2, "out of range: --workers"},
		{"exec --speed 1", 2, "no such flag: --speed"},
		{"exec --count 1 --workers 1 --dir " + missing, 2, "not a directory: " + missing},
		{"exec --count 1 --workers 1 --dir " + program, 2, "not a directory: " + program},
		{"exec --count 1 --workers 1 --dir " + dir + " --out " + missing + "/x", 1, "cannot write " + missing},
		{"exec --count 1 --workers 1 --dir " + dir + " --out " + dir + "/report", 0, ""},
	} {
		cmd := exec.CommandContext(t.Context(), program, strings.Fields(test.args)...)
		out, _ := cmd.CombinedOutput() // the status is the error
		if got := cmd.ProcessState.ExitCode(); got != test.status {
			t.Errorf("%q: status %d, want %d", test.args, got, test.status)
		}
		if !strings.Contains(string(out), test.says) || (test.says == "") != (len(out) == 0) {
			t.Errorf("%q says %q, want %q", test.args, out, test.says)
		}
		if strings.Contains(string(out), "usage:") != (test.status == 2) {
			t.Errorf("%q: status %d says %q", test.args, test.status, out)
		}
	}
	var r Report
	data, err := os.ReadFile(filepath.Join(dir, "report"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil || r.Did.Execs != 1 {
		t.Errorf("the report in a file: %+v, %v", r, err)
	}
}
