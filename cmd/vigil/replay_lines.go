package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"vigil/decode"
	"vigil/detect"
	"vigil/detect/rule"
	"vigil/sensor"
)

// mostLine bounds a line of events: one that is longer is none.
const mostLine = 16 << 20

// lines judges events that are JSON lines with Sigma's names of fields by the rules;
// behaviours want records. A line may name its log source itself, as Sigma does:
// "logsource": {"product": "linux", "category": "process_creation"}.
type lines struct {
	out        *printer
	set        *rule.Set
	matcher    *rule.Matcher
	correlator *rule.Correlator
	source     string // of lines that name none: PRODUCT/CATEGORY or PRODUCT/CATEGORY/SERVICE
	events     map[rule.LogSource]*rule.Fields

	number int
	text   []byte
	line   eventLine
}

// eventLine is what is read of a line beside the fields that rules ask for.
type eventLine struct {
	Source *struct {
		Product  string `json:"product"`
		Category string `json:"category"`
		Service  string `json:"service"`
	} `json:"logsource"`
	Image     string `json:"Image"`
	Command   string `json:"CommandLine"`
	Directory string `json:"CurrentDirectory"`
	User      string `json:"User"`
	PID       any    `json:"ProcessId"`
	Host      string `json:"Computer"`
	Timestamp string `json:"@timestamp"`
	UTC       string `json:"UtcTime"`
	at        time.Time
}

// replayLines reads all and judges it.
func (r *replayCommand) replayLines(c *console, from io.Reader, out *printer) error {
	loaded, err := sensor.LoadRules(r.Rules, nil)
	if err != nil {
		return err
	}
	l := &lines{
		out: out, set: loaded.Set, matcher: loaded.Set.NewMatcher(), correlator: loaded.Set.NewCorrelator(4096), source: r.Source,
		events: map[rule.LogSource]*rule.Fields{},
	}
	scan := bufio.NewScanner(from)
	scan.Buffer(make([]byte, 0, 64<<10), mostLine)
	for c.ctx.Err() == nil && out.err == nil && scan.Scan() {
		l.number++
		if l.text = bytes.TrimSpace(scan.Bytes()); len(l.text) == 0 {
			continue
		}
		if err := l.judge(); err != nil {
			return fmt.Errorf("line %d: %w", l.number, err)
		}
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("line %d: %w", l.number+1, err)
	}
	return nil
}

func (l *lines) judge() error {
	l.line = eventLine{}
	if err := json.Unmarshal(l.text, &l.line); err != nil {
		return fmt.Errorf("no JSON object with fields of Sigma: %w", err)
	}
	source, err := l.logSource()
	if err != nil {
		return err
	}
	event := l.events[source]
	if event == nil {
		event = l.set.NewFields(source)
		l.events[source] = event
	}
	if err := event.ReadJSON(l.text); err != nil {
		return err
	}
	l.line.at = timeOf(l.line.Timestamp, l.line.UTC)
	l.matcher.Match(event, func(u *rule.Rule) {
		if !u.Silent {
			l.found(&u.Finding)
		}
		l.correlator.Feed(u, event, l.line.at, func(u *rule.Rule) { l.found(&u.Finding) })
	})
	return nil
}

func (l *lines) logSource() (rule.LogSource, error) {
	if s := l.line.Source; s != nil {
		return rule.LogSource{Product: s.Product, Category: s.Category, Service: s.Service}, nil
	}
	if l.source == "" {
		return rule.LogSource{}, misuse{errors.New("the line names no logsource: give --source, such as linux/process_creation")}
	}
	part := strings.Split(l.source+"//", "/")
	return rule.LogSource{Product: part[0], Category: part[1], Service: part[2]}, nil
}

// timeOf reads the first time that can be read, of RFC 3339 or as Sysmon writes it.
func timeOf(all ...string) time.Time {
	for _, text := range all {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999"} {
			if t, err := time.Parse(layout, text); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}

// found prints the alert of a finding about the line; for eyes, from Low on.
func (l *lines) found(f *detect.Finding) {
	pid, _ := strconv.ParseUint(fmt.Sprint(l.line.PID), 0, 32)
	a := &detect.Alert{
		ID: fmt.Sprintf("line-%d-%s", l.number, f.Rule), Finding: *f, First: l.line.at, Last: l.line.at, Count: 1, Host: l.line.Host,
		Process: detect.Process{
			PID: uint32(pid), Path: strings.ReplaceAll(l.line.Image, `\`, "/"), Command: l.line.Command, Directory: l.line.Directory, User: l.line.User,
		},
		Evidence: []detect.Evidence{{Event: l.text}},
	}
	if !l.out.json {
		if f.Severity < decode.Low {
			return
		}
		l.out.buffer = fmt.Appendf(l.out.buffer, "line %d: ", l.number)
	}
	l.out.Alert(a, detect.Create, nil)
}
