package sensor

import (
	"fmt"

	"vigil/decode"
	"vigil/detect"
	"vigil/sensor/process"
)

// Event is what a sink is given. It is valid during the call only.
type Event struct {
	Record  decode.Record
	Actor   *decode.Actor
	Process *process.Process // nil when unknown
	Finding *detect.Finding  // what a judge said; nil, nearly always
}

// Sink takes events, in the pipeline's goroutine: it must not block.
type Sink interface{ Take(e *Event) }

func (c *Config) unknownKind(name string) error {
	return fmt.Errorf("kinds: unknown kind %q: vigil doctor lists them", name)
}
