package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"vigil/decode"
	"vigil/uplink/batch"
)

type batchCommand struct {
	Dump batchDumpCommand `cmd:"" help:"Show the events and alerts of a batch."`
}

type batchDumpCommand struct {
	File string `arg:"" help:"A block as sensors send it: see the documentation of vigil/uplink/batch."`
	JSON bool   `name:"json" help:"As JSON lines (OCSF), without the lines about the block."`
}

// Run shows what a batch has.
func (d *batchDumpCommand) Run(c *console) error {
	b, err := os.ReadFile(d.File)
	if err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	block, err := batch.Decode(b, batch.DefaultLimits())
	if err != nil {
		return fmt.Errorf("batch %s: %w", d.File, err)
	}
	out := newPrinter(c, d.JSON, nil)
	if !d.JSON {
		out.buffer = append(out.buffer, aboutBlock(block)...)
	}
	err = block.Events(func(r decode.Record, a *decode.Actor) bool { return out.event(r, a) })
	if err == nil {
		var wrong error
		err = block.Alerts(func(line []byte) bool { wrong = out.alert(line); return wrong == nil && out.err == nil })
		err = errors.Join(err, wrong)
	}
	if err != nil {
		err = fmt.Errorf("batch %s: %w", d.File, err)
	}
	return errors.Join(out.flush(), err)
}

// aboutBlock is what a block says of itself, as lines.
func aboutBlock(b *batch.Block) string {
	m := b.Meta()
	events, alerts := b.Counts()
	size, plain, records := b.Sizes()
	each := ""
	if n := b.Len(); n > 0 {
		each = fmt.Sprintf(", %.1f each", float64(size)/float64(n))
	}
	return fmt.Sprintf("%s: %s, %s, of %s (%s, %s, vigil %s)\n%s%s, %s when decompressed, %s of records\n", b.Class(), count(events, "event"), count(alerts, "alert"),
		oneLine(errors.New(m.Host)), oneLine(errors.New(m.Kernel)), oneLine(errors.New(m.Architecture)), oneLine(errors.New(m.Version)),
		count(size, "byte"), each, count(plain, "byte"), count(int(records), "byte"))
}

// event prints an event that is not of this host; it says false when printing fails.
func (p *printer) event(r decode.Record, a *decode.Actor) bool {
	if p.json {
		p.buffer = append(decode.AppendJSON(p.buffer, r, a), '\n')
	} else {
		p.buffer = append(decode.AppendText(p.buffer, r, a, p.style), '\n')
	}
	if len(p.buffer) >= printBuffer {
		p.write()
	}
	return p.err == nil
}

// alert prints an alert as it came, when it is JSON.
func (p *printer) alert(line []byte) error {
	if !json.Valid(line) {
		return errors.New("an alert is no JSON")
	}
	if !p.json {
		p.buffer = append(p.buffer, "ALERT "...)
		p.buffer = append(p.buffer, oneLine(errors.New(string(line)))...)
	} else {
		p.buffer = append(p.buffer, line...)
	}
	p.buffer = append(p.buffer, '\n')
	if len(p.buffer) >= printBuffer {
		p.write()
	}
	return nil
}
