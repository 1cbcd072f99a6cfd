package sensor

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vigil/detect"
	"vigil/detect/rule"
)

// ErrNoSource is that of a line that names no log source where none is given.
var ErrNoSource = errors.New("the line names no logsource")

// Lines judges events that are JSON lines with Sigma's names of fields by the rules;
// behaviours want records. A line may name its log source itself, as Sigma does:
// "logsource": {"product": "linux", "category": "process_creation"}.
type Lines struct {
	set        *rule.Set
	matcher    *rule.Matcher
	correlator *rule.Correlator
	source     string
	events     map[rule.LogSource]*rule.Fields
	tell       func(*detect.Alert)

	number int // of the line in hand
	text   []byte
	line   eventLine
}

// NewLines makes a judge of lines that tells of each alert. The source is that of lines
// that name none: PRODUCT/CATEGORY or PRODUCT/CATEGORY/SERVICE; "": there must be none.
func NewLines(r *Rules, source string, tell func(*detect.Alert)) *Lines {
	return &Lines{
		set: r.Set, matcher: r.Set.NewMatcher(), correlator: r.Set.NewCorrelator(groups), source: source,
		events: map[rule.LogSource]*rule.Fields{}, tell: tell,
	}
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

// Judge judges a line, of which this is the number.
func (l *Lines) Judge(number int, text []byte) error {
	l.number, l.text, l.line = number, text, eventLine{}
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

func (l *Lines) logSource() (rule.LogSource, error) {
	if s := l.line.Source; s != nil {
		return rule.LogSource{Product: s.Product, Category: s.Category, Service: s.Service}, nil
	}
	if l.source == "" {
		return rule.LogSource{}, ErrNoSource
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

// found tells of the alert of a finding about the line.
func (l *Lines) found(f *detect.Finding) {
	pid, _ := strconv.ParseUint(fmt.Sprint(l.line.PID), 0, 32)
	l.tell(&detect.Alert{
		ID: fmt.Sprintf("line-%d-%s", l.number, f.Rule), Finding: *f, First: l.line.at, Last: l.line.at, Count: 1, Host: l.line.Host,
		Process: detect.Process{
			PID: uint32(pid), Path: strings.ReplaceAll(l.line.Image, `\`, "/"), Command: l.line.Command, Directory: l.line.Directory, User: l.line.User,
		},
		Evidence: []detect.Evidence{{Event: l.text}},
	})
}
