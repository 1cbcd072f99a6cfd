package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"vigil/decode"
	"vigil/detect/builtin"
	"vigil/sensor"
)

type replayCommand struct {
	File string `arg:"" type:"existingfile" help:"A file made with vigil run --record."`
	JSON bool   `name:"json" help:"As JSON lines (OCSF)."`
}

// Run shows a recorded capture again, and judges it again.
func (r *replayCommand) Run(c *console) error {
	f, err := os.Open(r.File)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer f.Close()
	reader, err := decode.NewReader(f)
	if err != nil {
		return fmt.Errorf("replay %s: %w", r.File, err)
	}
	judge := builtin.New()
	actor := decode.Actor{BootOffset: reader.Meta().BootOffset}
	var line []byte
	for {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("replay %s: %w", r.File, err)
		}
		e := sensor.Event{Record: record, Actor: &actor, Finding: judge.Judge(record)}
		if record.Kind() == decode.KindExec || record.Kind() == decode.KindProcess {
			e.Actor.Comm = record.Text(decode.ExecCommText)
		} else {
			e.Actor.Comm = nil
		}
		if r.JSON {
			line = sensor.AppendEvent(line[:0], &e)
		} else {
			line = appendLine(line[:0], &e, styleOf(c))
		}
		if _, err := c.out.Write(line); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
}
