package sensor

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"time"

	"vigil/decode"
	"vigil/detect"
	"vigil/detect/behavior"
	"vigil/detect/rule"
	"vigil/sensor/alert"
	"vigil/sensor/process"
)

// judge holds events against rules and behaviours and keeps the alerts. It serves the
// pipeline's goroutine.
type judge struct {
	table    *process.Table
	host     string
	offset   int64 // boot time to wall time, ns
	user     func(uid uint32) string
	book     *alert.Book
	behavior *behavior.Set
	answers  *answers
	rules    *Rules

	matcher    *rule.Matcher
	record     *rule.Record
	correlator *rule.Correlator
	forgotten  uint64 // groups of the correlators before

	look  func(behavior.Wish, decode.Record) // has a file looked into: see sampled; nil: nobody does
	event *Event
	hash  maphash.Hash
	tell  func(*detect.Alert, detect.Activity, *Event) // the event is nil when it is not one that shows an alert
	rule  func(*rule.Rule)                             // made once, as the two below
	met   func(*rule.Rule)
	act   func(behavior.Alert)
}

// groups is how many a correlation rule keeps at once.
const groups = 4096

// newJudge makes a judge of nothing that has happened yet. The seed makes the IDs of its
// alerts: those of two runs must not be the same, or a server takes the alerts of the
// second for news of the first's.
func newJudge(r *Rules, t *process.Table, m decode.Meta, seed uint64, tell func(*detect.Alert, detect.Activity, *Event)) *judge {
	j := &judge{table: t, host: m.Host, offset: m.BootOffset, answers: newAnswers(), tell: tell}
	j.user = func(uint32) string { return "" }
	j.book = alert.NewBook(alert.Settings{Seed: seed}, func(a *detect.Alert) { tell(a, detect.Close, nil) })
	j.rule = func(u *rule.Rule) {
		if !u.Silent {
			j.found(&u.Finding, behavior.Entity{Kind: behavior.Process})
		}
		j.correlator.Feed(u, j.record, j.time(j.event), j.met)
	}
	j.met = func(u *rule.Rule) { j.found(&u.Finding, behavior.Entity{Kind: behavior.Process}) }
	j.act = func(a behavior.Alert) { j.found(a.Finding, a.Entity) }
	j.use(r)
	return j
}

// use judges by other rules from the next event on. Correlations begin anew, and so do
// behaviours if there are lists of intelligence.
func (j *judge) use(r *Rules) {
	if j.rules == nil || r.lists != j.rules.lists {
		j.behavior = behavior.New(r.lists)
	}
	if j.correlator != nil {
		j.forgotten += j.correlator.Forgotten
	}
	j.rules, j.matcher, j.record, j.correlator = r, r.Set.NewMatcher(), r.Set.NewRecord(), r.Set.NewCorrelator(groups)
	j.record.Hostname = j.answers.name
}

func (j *judge) time(e *Event) time.Time { return time.Unix(0, int64(e.Record.Time)+j.offset) }

// judge judges one event.
func (j *judge) judge(e *Event) {
	kind := e.Record.Kind()
	if kind == decode.KindDNS {
		j.answers.learn(e.Record)
	}
	watched, ruled := j.behavior.Wants(kind) || kind == decode.KindFork || kind == decode.KindProcess, j.record.Wants(kind)
	if !watched && !ruled {
		return
	}
	j.event = e
	like := uint64(0)
	if ruled || j.behavior.Glances(kind) {
		like = detect.Like(e.Record, e)
	}
	if watched {
		j.behavior.Judge(e.Record, e, like, j.act)
		if w, ok := j.behavior.Wish(); ok && j.look != nil {
			j.look(w, e.Record)
		}
	}
	if ruled {
		j.record.Take(e.Record, e, like)
		j.matcher.MatchRecord(j.record, j.rule)
	}
	j.event = nil
}

// sampled judges what a look into a file found. The event is the one that it was wished for.
func (j *judge) sampled(e *Event, f *behavior.FileSample) {
	j.event = e
	if a, ok := j.behavior.Sample(f); ok {
		j.act(a)
	}
	j.event = nil
}

func (j *judge) status() JudgeStatus {
	return JudgeStatus{
		Rules: len(j.rules.Set.Rules()), Problems: len(j.rules.Problems), Off: len(j.rules.off),
		ForgottenAlerts: j.book.Forgotten, ForgottenGroups: j.forgotten + j.correlator.Forgotten,
	}
}

// found makes an alert of a finding about the event.
func (j *judge) found(f *detect.Finding, about behavior.Entity) {
	if j.rules.off[f.Rule] {
		return
	}
	e := j.event
	a := e.Actor()
	s := alert.Seen{Finding: f, Key: j.key(e, a, &about), User: e.Record.UID, At: j.time(e)}
	s.Dismiss = j.book.Dismisses(f.Rule, e.Record, a, s.At)
	made, did := j.book.Add(&s, func() uint64 { return j.behavior.Tree(e.Record, e) }, func(made *detect.Alert, fresh bool) {
		if fresh {
			j.describe(made, e, a)
		}
		addEntities(made, e, about)
		made.Evidence = append(made.Evidence, detect.Evidence{Event: decode.AppendJSON(nil, e.Record, a)})
	})
	if did != 0 {
		j.tell(made, did, e)
	}
}

// expire closes alerts whose time is over.
func (j *judge) expire(now uint64) { j.book.Expire(time.Unix(0, int64(now)+j.offset)) }

// key is what is the same about two findings of one rule: for behaviours what they say
// it is about; else the program, what started it, its user and its container.
func (j *judge) key(e *Event, a *decode.Actor, about *behavior.Entity) uint64 {
	h := &j.hash
	h.Reset()
	var b [16]byte
	binary.LittleEndian.PutUint32(b[:], e.Record.UID)
	switch about.Kind {
	case behavior.Tree:
		binary.LittleEndian.PutUint64(b[8:], about.ExecID)
		_, _ = h.Write(b[:]) // never fails
		return h.Sum64()
	case behavior.Address:
		address := about.Address.As16()
		_, _ = h.Write(address[:])
	case behavior.Domain, behavior.User:
		_, _ = h.Write(about.Name)
	}
	_, _ = h.Write(b[:])
	_, _ = h.Write(image(e, a))
	if a.Parent != nil {
		_, _ = h.Write(b[8:]) // parts the paths
		_, _ = h.Write(a.Parent.Path)
	}
	_, _ = h.WriteString(a.Container.ID)
	return h.Sum64()
}

// image is the program that an event is about.
func image(e *Event, a *decode.Actor) []byte {
	if e.Record.Kind() == decode.KindExec {
		return e.Record.Text(decode.ExecPathText)
	}
	return a.Path
}

// describe writes who did it, and what that descends from.
func (j *judge) describe(made *detect.Alert, e *Event, a *decode.Actor) {
	made.Host = j.host
	made.Process = detect.Process{
		ExecID: e.Record.ExecID, PID: e.Record.PID, UID: e.Record.UID, Path: string(a.Path), Command: decode.CommandLine(a.Arguments),
		Directory: string(a.CWD), User: a.User, Container: a.Container.ID, Image: a.Container.Image, Start: j.wall(a.Start),
	}
	p := e.Process
	if e.Record.Kind() == decode.KindExec {
		made.Process.Path = string(e.Record.Text(decode.ExecPathText))
		made.Process.Command = decode.CommandLine(e.Record.Text(decode.ExecArgumentsText))
	} else if p == nil || p.ExecID != e.Record.ExecID {
		p = j.table.Lookup(e.Record.ExecID)
	}
	if p == nil {
		return
	}
	j.table.Ancestry(p, func(q *process.Process) bool {
		made.Ancestry = append(made.Ancestry, detect.Process{
			ExecID: q.ExecID, PID: q.PID, UID: q.UID, Path: string(q.Path()), Command: decode.CommandLine(q.Arguments()),
			Directory: string(q.CWD()), User: j.user(q.UID), Start: j.wall(q.Start),
		})
		return true
	})
}

func (j *judge) wall(boot uint64) time.Time {
	if boot == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(boot)+j.offset)
}

// mostEntities bounds what an alert names.
const mostEntities = 32

// addEntities adds what an event and a finding are about.
func addEntities(made *detect.Alert, e *Event, about behavior.Entity) {
	add := func(t detect.EntityType, value string) {
		entity := detect.Entity{Type: t, Value: value}
		if value == "" || len(made.Entities) >= mostEntities {
			return
		}
		for _, known := range made.Entities {
			if known == entity {
				return
			}
		}
		made.Entities = append(made.Entities, entity)
	}
	add(detect.EntityHost, made.Host)
	add(detect.EntityUser, made.Process.User)
	add(detect.EntityContainer, made.Process.Container)
	add(detect.EntityPath, made.Process.Path)
	for path := range decode.Paths(e.Record) {
		add(detect.EntityPath, string(path))
	}
	address := func(a netip.Addr) {
		if a.IsValid() && !a.IsUnspecified() {
			add(detect.EntityAddress, a.String())
		}
	}
	address(decode.Peer(e.Record))
	switch about.Kind {
	case behavior.Address:
		address(about.Address)
	case behavior.Domain:
		add(detect.EntityHost, string(about.Name))
	case behavior.User:
		add(detect.EntityUser, string(about.Name))
		address(about.Address)
	}
}
