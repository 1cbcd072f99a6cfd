package main

import (
	"fmt"
	"io"
	"sync"

	"vigil/decode"
	"vigil/detect"
	"vigil/sensor"
)

// printer is a sink that writes events as lines for eyes, or as JSON lines.
type printer struct {
	mutex  sync.Mutex
	out    io.Writer
	json   bool
	style  decode.Style
	filter *decode.Filter
	shows  func(decode.Kind) bool // nil: all
	failed func()                 // called when printing fails; nil: nobody need know
	buffer []byte
	err    error
}

// printBuffer is how much is gathered before it is written.
const printBuffer = 64 << 10

func newPrinter(c *console, json bool, filter *decode.Filter) *printer {
	return &printer{out: c.out, json: json, style: c.style(), filter: filter, buffer: make([]byte, 0, printBuffer+16<<10)}
}

// Take prints an event, if it is wanted.
func (p *printer) Take(e *sensor.Event) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.err != nil || p.shows != nil && !p.shows(e.Record.Kind()) || !e.Matches(p.filter) {
		return
	}
	if p.json {
		p.buffer = sensor.AppendEvent(p.buffer, e)
	} else {
		p.buffer = sensor.AppendLine(p.buffer, e, p.style)
	}
	if len(p.buffer) >= printBuffer {
		p.write()
	}
}

// Alert prints an alert about an event that is shown; for eyes, from Low on.
func (p *printer) Alert(a *detect.Alert, did detect.Activity, e *sensor.Event) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.err != nil || a.Dismissed() || !p.wantsAbout(e) {
		return
	}
	p.appendAlert(a, did, "")
}

// wantsAbout tells whether what is about an event is to be shown. What is about none
// closes an alert: with a filter nobody can know whether it was shown before.
func (p *printer) wantsAbout(e *sensor.Event) bool {
	if e == nil {
		return p.filter.All()
	}
	return (p.shows == nil || p.shows(e.Record.Kind())) && e.Matches(p.filter)
}

// lineAlert prints an alert about a line of a file.
func (p *printer) lineAlert(number int, a *detect.Alert) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.appendAlert(a, detect.Create, fmt.Sprintf("line %d: ", number))
}

func (p *printer) appendAlert(a *detect.Alert, did detect.Activity, where string) {
	if !p.json && a.Finding.Severity < decode.Low {
		return
	}
	if p.json {
		p.buffer = sensor.AppendAlert(p.buffer, a, did)
	} else {
		p.buffer = sensor.AppendAlertLine(append(p.buffer, where...), a, p.style)
	}
	if len(p.buffer) >= printBuffer {
		p.write()
	}
}

func (p *printer) write() {
	if len(p.buffer) == 0 {
		return
	}
	if _, err := p.out.Write(p.buffer); err != nil && p.err == nil {
		p.err = fmt.Errorf("print events: %w", err)
		if p.failed != nil {
			p.failed()
		}
	}
	p.buffer = p.buffer[:0]
}

// Flush writes what waits.
func (p *printer) Flush() { _ = p.flush() }

// flush writes what waits, and says whether printing has failed.
func (p *printer) flush() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.write()
	return p.err
}
