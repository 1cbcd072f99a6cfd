package console

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
	"vigil/uplink/server/api"
	"vigil/uplink/server/control"
)

// seed makes a week of a small company: users, sensors, alerts and what people did.
func (w *world) seed() {
	w.at(7 * 24 * time.Hour)
	ctx := w.t.Context()
	for name, role := range map[string]control.Role{"mara": control.Admin, "jonas": control.Operator, "viewer": control.Viewer} {
		_, err := w.state.AddUser(ctx, name, role, password)
		must(w.t, err)
	}
	for _, name := range []string{"web-01", "web-02", "db-01", "build-7", "edge-fra-2", "mail", "old-nas", image} {
		_, secret, err := w.state.NewEnrolment(ctx, "mara", name, time.Hour)
		must(w.t, err)
		w.sensors[name], err = w.state.Enrol(ctx, control.Newcomer{Secret: secret, PublicKey: name, Name: name, Address: "10.20.0." + fmt.Sprint(len(w.sensors)+5)})
		must(w.t, err)
		must(w.t, w.state.Renewed(ctx, w.sensors[name], "5f3a09c2"+fmt.Sprint(len(w.sensors)), w.now().Add(14*24*time.Hour)))
	}
	_, err := w.state.PutPolicy(ctx, control.Policy{Name: control.DefaultPolicy, Body: json.RawMessage(`{"settings":{"intelligence":["203.0.113.0/24"]}}`), Note: "what all look for", Author: "mara"}, 1)
	must(w.t, err)
	_, err = w.state.PutPolicy(ctx, control.Policy{Name: "databases", Body: json.RawMessage(`{"settings":{"watch":["/var/lib/postgresql/"]},"protections":{"vigil-exec-shm":false}}`), Note: "watch what the databases keep", Author: "mara"}, 0)
	must(w.t, err)
	must(w.t, w.state.Follow(ctx, w.sensors["db-01"], "databases"))
	_, err = w.state.PutExport(ctx, control.Export{Name: "siem", Kind: "syslog", Settings: json.RawMessage(`{"address":"siem.example.net:6514","network":"tls","format":"cef"}`), Enabled: true, Author: "mara"})
	must(w.t, err)
	for name, query := range map[string]string{"Programs from shared memory": `"process.file.path":="/dev/shm/"*`, "Shells of web servers": `"actor.process.name":=apache2 "vigil.kind":=exec`, script: image} {
		_, err = w.state.SaveSearch(ctx, control.Search{Name: name, Query: query, Author: "jonas"})
		must(w.t, err)
	}
	w.report("edge-fra-2", 47*time.Minute, "0.4.1", "kprobe", 0)
	must(w.t, w.state.Revoke(ctx, w.sensors["old-nas"], "replaced"))
	for _, name := range []string{"web-01", "web-02", "db-01", "mail"} {
		w.report(name, 20*time.Second, "0.4.2", "full", 0)
	}
	w.report("build-7", 30*time.Second, "0.4.2", "tracepoint", 1833)
	must(w.t, w.state.Dropped(ctx, w.sensors["build-7"], []control.Drop{{Epoch: 7, Range: control.Range{First: 9, Last: 12}, Class: "events", Reason: "bytes", Batches: 4, Events: 12_408}}))
	w.report(image, 40*time.Second, script, lines, 0)
	w.at(0)
	w.play = scene(w.now().Add(-6 * time.Minute))
	w.seedAlerts()
	w.seedEvents()
}

func (w *world) report(name string, ago time.Duration, version, tier string, lost uint64) {
	w.at(ago)
	health, err := json.Marshal(map[string]any{"cpu_percent": 0.7, "memory_bytes": 61_341_696, "spool": map[string]any{"bytes": 184_320, "oldest": "2s"}, "rings": map[string]any{"vital_used": 0.01, "bulk_used": 0.06}, "note": image})
	must(w.t, err)
	r := control.Report{Version: version, Tier: tier, Lost: lost, Applied: 2, Follows: control.DefaultPolicy, Address: "10.20.0.5", Health: health}
	switch name {
	case "db-01":
		r.Follows, r.Applied = "databases", 1
	case "mail":
		r.Applied, r.Refused = 1, "policy default, version 2: rules: "+script+", line 2: level "+turning+" is none of informational, low, medium, high, critical"
	}
	must(w.t, w.state.Reported(w.t.Context(), w.sensors[name], r))
}

// alert says what one is to be.
type alert struct {
	id, sensor, rule, title string
	severity                decode.Severity
	tactic, technique, next string
	at                      time.Time
	count                   uint64
	process                 *process
	ancestry                []*process
	entities                []detect.Entity
	evidence                []detect.Evidence
	incident                string
}

func told(p *process) detect.Process {
	return detect.Process{ExecID: p.id, PID: p.pid, UID: p.uid, Path: p.path, Command: p.command(), Directory: "/var/www/html", User: p.user, Start: p.start}
}

// alert makes it as a sensor sends it.
func (w *world) alert(a alert) control.Alert {
	d := detect.Alert{
		ID: a.id, Incident: a.incident, Host: a.sensor, First: a.at, Last: a.at, Count: max(a.count, 1), Process: told(a.process), Entities: a.entities, Evidence: a.evidence,
		Finding: detect.Finding{Rule: a.rule, Title: a.title, Severity: a.severity, Tactic: a.tactic, Technique: a.technique, Next: a.next},
	}
	for _, p := range a.ancestry {
		d.Ancestry = append(d.Ancestry, told(p))
	}
	line, err := d.AppendJSON(nil, detect.Create)
	must(w.t, err)
	c, err := control.ParseFinding(w.sensors[a.sensor], line)
	must(w.t, err)
	return c
}

func (w *world) seedAlerts() {
	now := w.now()
	play := w.play
	up := func(p *process) (out []*process) {
		for x := play.find(p.up); x != nil; x = play.find(x.up) {
			out = append(out, x)
		}
		return out
	}
	events := play.events(w.sensors["web-01"], "web-01")
	s := play.shell
	all := []alert{
		{
			id: "a1", sensor: "web-01", rule: "vigil-reverse-shell", title: "Shell connected to another host", severity: decode.High, tactic: "execution", technique: "T1059.004", at: s.start, process: s, ancestry: up(s), incident: "a1",
			next:     "Isolate the host from the network if it is not needed. End the shell and what it started. Look for the file that let it in, below the web server's uploads. Change the secrets that the web server's user could read.",
			entities: []detect.Entity{{Type: detect.EntityHost, Value: "web-01"}, {Type: detect.EntityAddress, Value: "203.0.113.66"}, {Type: detect.EntityUser, Value: "www-data"}, {Type: detect.EntityPath, Value: "/var/www/html/uploads/shell.php"}},
			evidence: []detect.Evidence{proof(events[len(events)-5]), proof(events[5])},
		},
		{id: "a2", sensor: "web-01", rule: "vigil-exec-shm", title: "Program run from shared memory (/dev/shm)", severity: decode.Medium, tactic: "defense-evasion", technique: "T1620", at: play.miner.start, process: play.miner, ancestry: up(play.miner), incident: "a1", next: "Copy the file before it is gone. End it."},
		{id: "a3", sensor: "web-01", rule: "vigil-miner", title: "Coin miner by its command line", severity: decode.High, tactic: "impact", technique: "T1496", at: play.miner.start.Add(time.Second), count: 4, process: play.miner, ancestry: up(play.miner), incident: "a1", next: "End it."},
		{id: "a4", sensor: "db-01", rule: "vigil-shadow-read", title: "Password hashes read", severity: decode.Medium, tactic: "credential-access", technique: "T1003.008", at: now.Add(-2 * time.Hour), process: play.all[10], next: "Ask who did it."},
		{id: "a5", sensor: "mail", rule: "vigil-cron", title: "Scheduled job added by a service", severity: decode.Low, tactic: "persistence", technique: "T1053.003", at: now.Add(-5 * time.Hour), count: 12, process: play.all[1]},
		{id: "a6", sensor: "build-7", rule: "vigil-setuid-find", title: "Search for setuid programs", severity: decode.Low, tactic: "discovery", technique: "T1083", at: now.Add(-9 * time.Hour), process: play.all[9]},
		{id: "a7", sensor: "web-02", rule: "vigil-discovery", title: "Burst of discovery commands", severity: decode.Informational, tactic: "discovery", technique: "T1082", at: now.Add(-26 * time.Hour), count: 31, process: play.all[7]},
		{id: "a8", sensor: "mail", rule: "vigil-authorized-keys", title: "Key added to a user's authorized keys", severity: decode.Medium, tactic: "persistence", technique: "T1098.004", at: now.Add(-27 * time.Hour), process: play.all[12]},
		{
			id: "h1", sensor: image, rule: "vigil-hostile", title: script + image, severity: decode.High, tactic: "execution", technique: "T1059", at: now.Add(-28 * time.Hour), process: play.all[13], ancestry: []*process{play.all[14], play.all[15]}, next: vector + " Then look again.",
			entities: []detect.Entity{{Type: detect.EntityPath, Value: "/tmp/" + turning}, {Type: detect.EntityHost, Value: image}, {Type: detect.EntityPath, Value: long()}}, evidence: []detect.Evidence{proof(events[len(events)-2]), proof(events[len(events)-3])},
		},
		{id: "h2", sensor: "web-02", rule: "vigil-hostile", title: turning + lines, severity: decode.Medium, at: now.Add(-29 * time.Hour), process: play.all[14], next: lines},
		{id: "h3", sensor: "web-02", rule: "vigil-hostile-long", title: "Very long command line", severity: decode.Low, at: now.Add(-30 * time.Hour), process: play.all[15], next: long()},
	}
	for i := range 120 { // enough for a second page, closed long ago
		all = append(all, alert{id: fmt.Sprintf("old-%d", i), sensor: "web-02", rule: "vigil-cron", title: "Scheduled job added by a service", severity: decode.Low, technique: "T1053.003", at: now.Add(-time.Duration(72+i) * time.Hour), process: play.all[1]})
	}
	var parsed []control.Alert
	for _, a := range all {
		parsed = append(parsed, w.alert(a))
	}
	ctx := w.t.Context()
	_, err := w.state.Record(ctx, parsed)
	must(w.t, err)
	change := func(a control.Alert, status, assignee, reason, comment string) {
		_, err := w.state.ChangeAlert(ctx, a.ID, "jonas", control.AlertChange{Status: &status, Assignee: &assignee, Reason: &reason, Comment: comment})
		must(w.t, err)
	}
	change(parsed[2], control.InProgress, "jonas", "", "The pool's address is blocked at the edge.")
	change(parsed[3], control.InProgress, "mara", "", "")
	change(parsed[5], control.Dismissed, "jonas", "the image builder does this each night", "")
	for _, a := range parsed[len(all)-120:] {
		change(a, control.Closed, "jonas", "", "")
	}
	change(parsed[8], control.New, "", "", script+image)
	_, err = w.state.Suppress(ctx, control.Suppression{Rule: "vigil-setuid-find", Sensor: w.sensors["build-7"], Process: "/usr/bin/find", Reason: "the image builder looks for them", Author: "mara", Expires: now.Add(30 * 24 * time.Hour)})
	must(w.t, err)
}

// seedEvents fills the store: the scene, and an hour of what else goes on.
func (w *world) seedEvents() {
	now := w.now()
	play := w.play
	w.store.trees = map[string][]api.Process{w.sensors["web-01"]: play.tree(), w.sensors["web-02"]: tangle(now)}
	w.store.all = play.events(w.sensors["web-01"], "web-01")
	for i := range 2400 {
		at := now.Add(-time.Duration(i) * 1500 * time.Millisecond)
		if float64(i*7919%100) > 58+38*math.Sin(float64(i)/260) { // quieter at times
			continue
		}
		n := play.all[i%5]
		sensor := []string{"web-01", "web-02", "db-01", "mail"}[i%4]
		add := func(k decode.Kind, fixed any, texts ...string) {
			w.store.all = append(w.store.all, play.event(w.sensors[sensor], sensor, n, at, k, fixed, texts...))
		}
		switch i % 8 {
		case 0, 1, 2:
			add(decode.KindFileOpen, decode.FileOpen{Created: 1}, fmt.Sprintf("/var/lib/php/sessions/sess_%x", i*7919))
		case 3:
			add(decode.KindFileWrite, decode.FileWrite{Bytes: 4096, Writes: 1}, "/var/log/apache2/access.log")
		case 4, 5:
			add(decode.KindConnect, decode.Socket{Ends: recordtest.Ends("10.20.0.5:40000", "10.20.0.7:5432")})
		case 6:
			add(decode.KindExec, decode.Exec{PPID: 1, Mode: 0o100755, Argc: 2}, n.path, "run-parts\x00/etc/cron.hourly\x00", "/", n.path, "", "", n.name())
		case 7:
			add(decode.KindSysctl, decode.Sysctl{Bytes: 2}, "net/ipv4/ip_forward", "1")
		}
	}
	slices.SortFunc(w.store.all, func(a, b api.Event) int { return a.Time.Compare(b.Time) })
}
