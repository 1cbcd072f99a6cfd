package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"vigil/decode"
	"vigil/detect"
	"vigil/sensor"
)

type replayCommand struct {
	filterFlag
	judgeFlags
	File   string `arg:"" help:"A file made with vigil run --record, or JSON lines with Sigma's names of fields."`
	Source string `help:"Log source of JSON lines that name none: PRODUCT/CATEGORY[/SERVICE]." placeholder:"SOURCE"`
	JSON   bool   `name:"json" help:"As JSON lines (OCSF)."`
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
	from := bufio.NewReader(f)
	if start, err := from.Peek(1); err == nil && start[0] == '{' {
		if r.Filter != "" || len(r.Intelligence) > 0 {
			return misuse{errors.New("replay: --filter and --intelligence are for recordings: JSON lines are judged by rules only")}
		}
		out := newPrinter(c, r.JSON, nil)
		if err = r.lines(c, from, out); err != nil {
			err = fmt.Errorf("replay %s: %w", r.File, err)
		}
		return errors.Join(out.flush(), err)
	}
	reader, err := decode.NewReader(from)
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

// mostLine bounds a line of events: one that is longer is none.
const mostLine = 16 << 20

// lines judges JSON lines.
func (r *replayCommand) lines(c *console, from io.Reader, out *printer) error {
	rules, err := sensor.LoadRules(r.Rules, nil)
	if err != nil {
		return err
	}
	number := 0
	judge := sensor.NewLines(rules, r.Source, func(a *detect.Alert) { out.lineAlert(number, a) })
	scan := bufio.NewScanner(from)
	scan.Buffer(make([]byte, 0, 64<<10), mostLine)
	for c.ctx.Err() == nil && out.err == nil && scan.Scan() {
		number++
		text := bytes.TrimSpace(scan.Bytes())
		if len(text) == 0 {
			continue
		}
		if err := judge.Judge(number, text); errors.Is(err, sensor.ErrNoSource) {
			return misuse{fmt.Errorf("line %d: %w: give --source, such as linux/process_creation", number, err)}
		} else if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("line %d: %w", number+1, err)
	}
	return nil
}
