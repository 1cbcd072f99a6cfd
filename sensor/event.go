package sensor

import (
	"vigil/decode"
	"vigil/detect"
	"vigil/sensor/process"
)

// Event is what a sink is given. It is valid during the call only.
type Event struct {
	Record  decode.Record
	Process *process.Process // nil when unknown

	actor *decode.Actor // nil until somebody asks
	from  describer
}

// describer knows who did what a record tells: see detect.Who.
type describer interface {
	describe(decode.Record, *process.Process) *decode.Actor
	like(decode.Record, *process.Process) uint64
}

// Actor says who did it. To find that out costs as much as all else that is done with
// an event, and most sinks want it of few: it is done for the first who asks. It is
// nil for an event that nobody can say it of.
func (e *Event) Actor() *decode.Actor {
	if e.actor == nil && e.from != nil {
		e.actor = e.from.describe(e.Record, e.Process)
	}
	return e.actor
}

// Like implements detect.Who.
func (e *Event) Like() uint64 {
	if e.from == nil {
		return 0
	}
	return e.from.like(e.Record, e.Process)
}

// Sink takes events, in the pipeline's goroutine: it must not block.
type Sink interface {
	Take(e *Event)
	// Alert is told of each alert, with the event that shows it, which Take was given
	// before; without one when the alert is only brought up to date. It must not keep
	// the alert.
	Alert(a *detect.Alert, did detect.Activity, e *Event)
	Flush() // after each batch, and at least once a second
}

// Matches tells whether to show the event to who asked with the filter. What was
// lost is shown to everybody: nobody can know that a filter would not have let it
// through.
func (e *Event) Matches(f *decode.Filter) bool {
	return e.Record.Kind() == decode.KindLost || f == nil || f.Match(e.Record, e.Actor())
}

// AppendEvent appends an event as one JSON line.
func AppendEvent(dst []byte, e *Event) []byte {
	return append(decode.AppendJSON(dst, e.Record, e.Actor()), '\n')
}

// AppendLine appends an event as a line for eyes.
func AppendLine(dst []byte, e *Event, s decode.Style) []byte {
	return append(decode.AppendText(dst, e.Record, e.Actor(), s), '\n')
}

// AppendAlert appends an alert as one JSON line; one that cannot be written, not.
func AppendAlert(dst []byte, a *detect.Alert, did detect.Activity) []byte {
	line, err := a.AppendJSON(dst, did)
	if err != nil {
		return dst
	}
	return append(line, '\n')
}

// AppendAlertLine appends an alert as a line for eyes, with what to do next.
func AppendAlertLine(dst []byte, a *detect.Alert, s decode.Style) []byte {
	if s.Colour {
		dst = append(dst, "\x1b[1;31m"...)
	}
	dst = append(append(dst, "ALERT "...), decode.Printable([]byte(a.String()))...)
	if a.Count == 1 {
		dst = append(append(dst, ". "...), decode.Printable([]byte(a.Finding.Next))...)
	}
	if s.Colour {
		dst = append(dst, "\x1b[0m"...)
	}
	return append(dst, '\n')
}
