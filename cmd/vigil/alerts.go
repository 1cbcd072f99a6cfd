package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"vigil/decode"
)

type alertsCommand struct {
	socketFlag
	Follow   bool   `help:"Go on with those that come."`
	All      bool   `help:"Dismissed ones too."`
	Severity string `help:"At least this: informational, low, medium, high." default:"low" placeholder:"SEVERITY"`
	Incident string `help:"Only those of one incident, by the beginning of its ID." placeholder:"ID"`
	JSON     bool   `name:"json" help:"As JSON lines (OCSF Detection Finding)."`
}

// alertLine is what is shown of an alert: a part of OCSF's Detection Finding.
type alertLine struct {
	Severity decode.Severity `json:"severity_id"`
	Status   string          `json:"status"`
	Reason   string          `json:"status_detail"`
	Last     int64           `json:"end_time"` // ms since 1970
	Count    uint64          `json:"count"`
	Metadata struct {
		Incident string `json:"correlation_uid"`
	} `json:"metadata"`
	Info struct {
		Title   string `json:"title"`
		Attacks []struct {
			Technique struct {
				ID string `json:"uid"`
			} `json:"technique"`
		} `json:"attacks"`
	} `json:"finding_info"`
	Actor struct {
		Process processPart `json:"process"`
	} `json:"actor"`

	text []byte // the whole line
}

type processPart struct {
	PID  uint32 `json:"pid"`
	Name string `json:"name"`
	Line string `json:"cmd_line"`
}

func (a *alertLine) dismissed() bool { return a.Status == "Suppressed" }

func (a *alertLine) technique() string {
	if len(a.Info.Attacks) == 0 {
		return ""
	}
	return a.Info.Attacks[0].Technique.ID
}

// readAlerts reads lines of alerts and hands each on; what is no alert (a line that
// tells what a slow reader missed) goes to other.
func readAlerts(r io.Reader, take func(*alertLine) error, other func([]byte) error) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			if errors.Is(err, io.EOF) && len(text) == 0 {
				return nil
			}
			return err
		}
		a := alertLine{text: text}
		if err := json.Unmarshal(text, &a); err != nil {
			return fmt.Errorf("read the sensor's answer: %w", err)
		}
		if a.Info.Title == "" {
			err = other(text)
		} else {
			err = take(&a)
		}
		if err != nil {
			return err
		}
	}
}

// parseSeverity reads what the flag takes.
func parseSeverity(name string) (decode.Severity, error) {
	for s := decode.Informational; s <= decode.High; s++ {
		if strings.EqualFold(name, s.String()) {
			return s, nil
		}
	}
	return 0, misuse{fmt.Errorf("severity: %q is none: give informational, low, medium or high", name)}
}

// Run shows alerts.
func (r *alertsCommand) Run(c *console) error {
	least, err := parseSeverity(r.Severity)
	if err != nil {
		return err
	}
	wanted := func(a *alertLine) bool {
		return a.Severity >= least && (r.All || !a.dismissed()) && strings.HasPrefix(a.Metadata.Incident, r.Incident)
	}
	if r.Follow {
		return r.follow(c, wanted)
	}
	var all []*alertLine
	body, err := r.get(c.ctx, "/alerts", nil)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	err = readAlerts(body, func(a *alertLine) error {
		if wanted(a) {
			all = append(all, a)
		}
		return nil
	}, func([]byte) error { return nil })
	if err != nil {
		return fmt.Errorf("read the sensor's answer: %w", err)
	}
	if r.JSON {
		for _, a := range all {
			if err := print(c.out, string(a.text)); err != nil {
				return err
			}
		}
		return nil
	}
	return print(c.out, alertTable(all))
}

func alertTable(all []*alertLine) string {
	if len(all) == 0 {
		return "no alerts\n"
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LAST SEEN\tSEVERITY\tCOUNT\tINCIDENT\tTECHNIQUE\tTITLE\tPROCESS")
	for _, a := range all {
		fmt.Fprintln(w, alertRow(a))
	}
	_ = w.Flush()
	return b.String()
}

func alertRow(a *alertLine) string {
	title := printable(a.Info.Title)
	if a.dismissed() {
		title += " (dismissed: " + printable(a.Reason) + ")"
	}
	p := &a.Actor.Process
	return fmt.Sprintf("%s\t%s\t%d\t%.8s\t%s\t%s\t%s[%d] %s", time.UnixMilli(a.Last).Format(time.DateTime), a.Severity, a.Count, a.Metadata.Incident,
		printable(a.technique()), title, printable(p.Name), p.PID, printable(shorten(p.Line, 60)))
}

// shorten cuts text to so many bytes, and says so.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}

// follow prints the alerts that come.
func (r *alertsCommand) follow(c *console, wanted func(*alertLine) bool) error {
	body, err := r.get(c.ctx, "/alerts/follow", nil)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	err = readAlerts(body, func(a *alertLine) error {
		switch {
		case !wanted(a):
			return nil
		case r.JSON:
			return print(c.out, string(a.text))
		}
		return print(c.out, strings.ReplaceAll(alertRow(a), "\t", "  ")+"\n")
	}, func(line []byte) error {
		if r.JSON {
			return print(c.out, string(line))
		}
		return print(c.out, "alerts were missed: this reader was too slow\n")
	})
	if c.ctx.Err() != nil {
		return nil
	}
	return errors.Join(errors.New("the sensor has stopped"), err)
}
