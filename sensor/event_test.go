package sensor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
	"vigil/sensor/alert"
)

// ownRules are those that come with Vigil.
func ownRules(t testing.TB) *Rules {
	t.Helper()
	r, err := LoadRules(nil, nil)
	if err != nil || len(r.Problems) > 0 {
		t.Fatal(err, r.Problems)
	}
	return r
}

// kept is a sink that keeps what it is told, as lines; alerts from Low on.
type kept struct {
	events, alerts []string
	did            []detect.Activity
	text           string // of all
}

func (k *kept) Take(e *Event) {
	k.events = append(k.events, string(AppendEvent(nil, e)))
	k.text += string(AppendLine(nil, e, decode.Style{}))
}

func (k *kept) Alert(a *detect.Alert, did detect.Activity, _ *Event) {
	if a.Finding.Severity < decode.Low {
		return
	}
	k.alerts = append(k.alerts, string(AppendAlert(nil, a, did)))
	k.did = append(k.did, did)
	k.text += string(AppendAlertLine(nil, a, decode.Style{}))
}

func (k *kept) Flush() {}

// judged gives a judge of Vigil's own rules who knows of a shell that a web server
// started, and what he tells.
func judged(t *testing.T) (*Replay, *kept) {
	t.Helper()
	k := &kept{}
	p := NewReplay(decode.Meta{Host: "web1", BootOffset: 1_700_000_000e9, BootSeed: 7}, ownRules(t), k)
	p.Record(record(0xa, 1, 10, 10e9, decode.KindExec, decode.Exec{PPID: 1, Start: 10e9}, "/usr/bin/dash", "sh\x00-c\x00x\x00", "/srv", "", "", "", "sh"))
	return p, k
}

// runFromMemory is a program that the shell runs from shared memory.
func runFromMemory(n uint64) decode.Record {
	h := decode.Header{Time: 11e9 + n, ExecID: 0xb00 + n, ParentExecID: 0xa, PID: uint32(100 + n), UID: 33, Count: 1}
	return recordtest.DecodedWith(h, decode.KindExec, decode.Exec{PPID: 10, Start: 11e9 + n},
		recordtest.Texts("/dev/shm/x\x1b[2J", "x\x00a b\x00", "/srv", "", "", "", "x")...)
}

// An alert says what, who, what made that, what shows it and what to do, in OCSF's names.
func TestAlertIsWhole(t *testing.T) {
	p, k := judged(t)
	p.Record(runFromMemory(0))
	if len(k.alerts) != 1 || k.did[0] != detect.Create {
		t.Fatalf("told %v", k.did)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(k.alerts[0]), &got); err != nil {
		t.Fatalf("%v in %s", err, k.alerts[0])
	}
	for path, want := range map[string]string{
		"class_uid": "2004", "type_uid": "200401", "activity_name": "Create", "severity": "Medium", "severity_id": "3", "status": "New",
		"count": "1", "is_alert": "true", "device.hostname": "web1", "time": "1700000011000",
		"finding_info.analytic.uid": "vigil-exec-shm", "finding_info.first_seen_time": "1700000011000",
		"finding_info.attacks.0.tactic.uid": "TA0002", "finding_info.attacks.0.technique.uid": "T1059.004",
		"actor.process.pid": "100", "actor.process.uid": "0000000000000b00", "actor.process.cmd_line": "x 'a b'",
		"actor.process.file.path": "/dev/shm/x\x1b[2J", "actor.process.user.uid": "33",
		"actor.process.ancestry.0.pid": "10", "actor.process.ancestry.0.file.path": "/usr/bin/dash",
		"observables.0.value": "web1", "observables.1.type": "File Path",
		"evidences.0.data.unmapped.kind": "exec", "evidences.0.data.process.pid": "100",
	} {
		if have := lies(got, path); have != want {
			t.Errorf("%s is %q, want %q", path, have, want)
		}
	}
	if len(lies(got, "metadata.correlation_uid")) != 32 || len(lies(got, "metadata.uid")) != 32 || lies(got, "remediation.desc") == "" {
		t.Errorf("%s", k.alerts[0])
	}
	if strings.ContainsRune(k.alerts[0], 0x1b) || strings.ContainsRune(k.text, 0x1b) {
		t.Error("a name in it acts on the terminal")
	}
}

// lies gives what lies in JSON at a path, as text.
func lies(v any, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(in) {
				return ""
			}
			v = in[i]
		default:
			return ""
		}
	}
	if n, ok := v.(float64); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// What is the same within the hour is one alert: told at first, at ten, at a hundred,
// and at the end, with the count.
func TestAlertsAreFolded(t *testing.T) {
	p, k := judged(t)
	for n := range uint64(123) {
		p.Record(runFromMemory(n))
	}
	p.Finish()
	want := []detect.Activity{detect.Create, detect.Update, detect.Update, detect.Close}
	if !slices.Equal(k.did, want) {
		t.Fatalf("told %v, want %v", k.did, want)
	}
	for i, n := range []string{"1", "10", "100", "123"} {
		if !strings.Contains(k.alerts[i], `"count":`+n+",") {
			t.Errorf("%s times: %s", n, k.alerts[i])
		}
	}
	if n := strings.Count(k.alerts[3], `"data":`); n != 4 {
		t.Errorf("%d events are kept as evidence, want 4", n)
	}
}

// Who does the same again and again does not make the sensor busy.
func TestSeenAgainAllocatesNothing(t *testing.T) {
	p, _ := judged(t)
	p.to = &actors{}
	p.judge.tell = func(*detect.Alert, detect.Activity, *Event) {}
	r := runFromMemory(0)
	for range 20 {
		p.Record(r)
	}
	if n := testing.AllocsPerRun(100, func() { p.Record(r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSeenAgain(b *testing.B) {
	p := NewReplay(decode.Meta{BootSeed: 7}, ownRules(b), &actors{})
	r := runFromMemory(0)
	b.ReportAllocs()
	for b.Loop() {
		p.Record(r)
	}
}

// What a suppression names is kept, marked, with the reason; what is beside it is not.
func TestSuppression(t *testing.T) {
	p, k := judged(t)
	until := time.Unix(1_700_000_000, 0).Add(time.Hour)
	all := []*alert.Suppression{{Rule: "vigil-exec-shm", Filter: "uid=33", Reason: "the test", Until: until}}
	if err := all[0].Compile(); err != nil {
		t.Fatal(err)
	}
	p.judge.book.Suppress(all)
	p.Record(runFromMemory(0))
	other := recordtest.DecodedWith(decode.Header{Time: 12e9, ExecID: 0xc, ParentExecID: 0xa, PID: 200, UID: 34, Count: 1}, decode.KindExec,
		decode.Exec{PPID: 10}, recordtest.Texts("/dev/shm/y", "y\x00", "/srv", "", "", "", "y")...)
	p.Record(other)
	late := recordtest.DecodedWith(decode.Header{Time: 2 * 3600e9, ExecID: 0xd, ParentExecID: 0xa, PID: 201, UID: 33, Count: 1}, decode.KindExec,
		decode.Exec{PPID: 10}, recordtest.Texts("/dev/shm/x", "x\x00", "/srv", "", "", "", "x")...)
	p.Record(late)
	if len(k.alerts) != 3 || !strings.Contains(k.alerts[0], `"status":"Suppressed","status_detail":"the test"`) {
		t.Fatalf("%d alerts, the first %.300s", len(k.alerts), k.alerts)
	}
	for _, a := range k.alerts[1:] {
		if strings.Contains(a, "Suppressed") {
			t.Errorf("dismissed: %s", a)
		}
	}
}
