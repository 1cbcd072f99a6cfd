package sensor

import (
	"vigil/decode"
	"vigil/sensor/process"
)

// Replay makes events of the records of a recording, as the sensor did that
// recorded them, on any system. Names of users and containers are not in a
// recording: their numbers are.
type Replay struct {
	meta   decode.Meta
	table  *process.Table
	to     Sink
	judge  *judge
	event  Event
	actors [2]decode.Actor

	expired uint64 // the second that alerts were closed at last
}

// NewReplay begins a replay for a sink; the meta is the recording's.
func NewReplay(m decode.Meta, r *Rules, to Sink) *Replay {
	p := &Replay{meta: m, table: process.New(process.Settings{BootSeed: m.BootSeed}), to: to}
	p.judge = newJudge(r, p.table, m, m.BootSeed^uint64(m.BootOffset), to.Alert) // the same each time
	return p
}

// Record gives a record its process and judges it. Give it every record, in order.
func (p *Replay) Record(r decode.Record) {
	p.table.Expire(r.Time)
	p.event = Event{Record: r, Process: p.table.Apply(r), from: p}
	p.to.Take(&p.event)
	p.judge.judge(&p.event)
	if now := r.Time / 1e9; now != p.expired {
		p.expired = now
		p.judge.expire(r.Time)
	}
}

// Finish closes what is open when all records have been given.
func (p *Replay) Finish() {
	p.judge.book.Finish()
	p.to.Flush()
}

func (p *Replay) describe(r decode.Record, who *process.Process) *decode.Actor {
	p.actors[0] = decode.Actor{BootOffset: p.meta.BootOffset, Hostname: p.meta.Host, ExecID: r.ExecID, PID: r.PID}
	if r.Kind() != decode.KindLost {
		attribute(&p.actors, p.table, r, who)
	}
	return &p.actors[0]
}

// like tells records apart: see detect.Who. Users and containers have no names here.
func (p *Replay) like(r decode.Record, who *process.Process) uint64 {
	return likeness(p.table, r, who)
}
