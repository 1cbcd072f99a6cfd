package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"vigil/decode"
	"vigil/sensor"
)

type replayCommand struct {
	filterFlag
	judgeFlags
	File string `arg:"" help:"A file made with vigil run --record."`
	JSON bool   `name:"json" help:"As JSON lines (OCSF)."`
}

// Run shows a recorded capture again, and judges it again.
func (r *replayCommand) Run(c *console) error {
	filter, err := r.parse()
	if err != nil {
		return err
	}
	f, err := os.Open(r.File)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer func() { _ = f.Close() }()
	reader, err := decode.NewReader(f)
	if err != nil {
		return fmt.Errorf("replay %s: %w", r.File, err)
	}
	rules, err := sensor.LoadRules(r.Rules, r.Intelligence)
	if err != nil {
		return err
	}
	out := newPrinter(c, r.JSON, filter)
	past := sensor.NewReplay(reader.Meta(), rules, out)
	for c.ctx.Err() == nil {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil { // what came before is whole, and is shown first
			past.Finish()
			return errors.Join(out.flush(), fmt.Errorf("replay %s: %w", r.File, err))
		}
		past.Record(record)
		if out.err != nil {
			break
		}
	}
	past.Finish()
	return out.flush()
}
