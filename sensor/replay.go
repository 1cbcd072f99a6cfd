package sensor

import (
	"vigil/decode"
	"vigil/detect/builtin"
	"vigil/sensor/process"
)

// Replay makes events of the records of a recording, as the sensor did that
// recorded them, on any system. Names of users and containers are not in a
// recording: their numbers are.
type Replay struct {
	meta   decode.Meta
	table  *process.Table
	judge  *builtin.Judge
	event  Event
	actors [2]decode.Actor
}

// NewReplay begins a replay; the meta is the recording's.
func NewReplay(m decode.Meta) *Replay {
	return &Replay{meta: m, table: process.New(process.Settings{BootSeed: m.BootSeed}), judge: builtin.New()}
}

// Event gives a record its process and its judgement. Give it every record, in
// order. The result is valid until the next call.
func (p *Replay) Event(r decode.Record) *Event {
	p.table.Expire(r.Time)
	who := p.table.Apply(r)
	p.event = Event{Record: r, Process: who, Finding: p.judge.Judge(r), from: p}
	return &p.event
}

func (p *Replay) describe(r decode.Record, who *process.Process) *decode.Actor {
	p.actors[0] = decode.Actor{BootOffset: p.meta.BootOffset, Hostname: p.meta.Host, ExecID: r.ExecID, PID: r.PID}
	if r.Kind() != decode.KindLost {
		attribute(&p.actors, p.table, r, who)
	}
	return &p.actors[0]
}
