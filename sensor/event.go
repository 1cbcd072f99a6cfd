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
	Finding *detect.Finding  // what a judge said; nil, nearly always

	actor *decode.Actor // nil until somebody asks
	from  describer
}

// describer knows who did what a record tells.
type describer interface {
	describe(decode.Record, *process.Process) *decode.Actor
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

// Sink takes events, in the pipeline's goroutine: it must not block.
type Sink interface {
	Take(e *Event)
	Flush() // after each batch, and at least once a second
}

// Matches tells whether to show the event to who asked with the filter. What was
// lost is shown to everybody: nobody can know that a filter would not have let it
// through.
func (e *Event) Matches(f *decode.Filter) bool {
	return e.Record.Kind() == decode.KindLost || f == nil || f.Match(e.Record, e.Actor())
}

// AppendEvent appends an event, and the finding about it, as one JSON line.
func AppendEvent(dst []byte, e *Event) []byte {
	if e.Finding == nil {
		return append(decode.AppendJSON(dst, e.Record, e.Actor(), 0), '\n')
	}
	dst = decode.AppendJSON(dst, e.Record, e.Actor(), e.Finding.Severity)
	dst = e.Finding.AppendJSON(append(dst[:len(dst)-1], ','))
	return append(dst, '}', '\n')
}

// AppendLine appends an event as a line for eyes, with the alert about it below.
func AppendLine(dst []byte, e *Event, s decode.Style) []byte {
	dst = append(decode.AppendText(dst, e.Record, e.Actor(), s), '\n')
	f := e.Finding
	if f == nil {
		return dst
	}
	if s.Colour {
		dst = append(dst, "\x1b[1;31m"...)
	}
	dst = append(append(append(dst, "ALERT "...), f.Severity.String()...), ": "...)
	dst = append(append(dst, f.Title...), " ("...)
	dst = append(append(append(dst, f.Technique...), ") "...), f.Next...)
	if s.Colour {
		dst = append(dst, "\x1b[0m"...)
	}
	return append(dst, '\n')
}
