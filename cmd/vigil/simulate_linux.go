package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"vigil/sensor"
	"vigil/sensor/drill"
	"vigil/sensor/simulate"
)

// outcome is what became of a playbook, as JSON.
type outcome struct {
	drill.Outcome
	Error string `json:"error,omitempty"`
}

// Run runs playbooks, and fails when an alert did not come.
func (s *simulateCommand) Run(c *console) error {
	if !s.List && s.All == (s.Name != "") {
		return misuse{errors.New("simulate: give the name of one playbook, or --all")}
	}
	all, err := s.chosen()
	if err != nil {
		return err
	}
	if s.List {
		return s.list(c, all)
	}
	stop, err := s.begin(c)
	if err != nil {
		return err
	}
	return errors.Join(s.play(c, all), stop())
}

// chosen are the playbooks that are asked for.
func (s *simulateCommand) chosen() ([]simulate.Playbook, error) {
	if s.List || s.All {
		return simulate.All()
	}
	one, err := simulate.Find(s.Name)
	if err != nil {
		return nil, misuse{fmt.Errorf("%w: vigil simulate --list shows them", err)}
	}
	return []simulate.Playbook{one}, nil
}

func (s *simulateCommand) list(c *console, all []simulate.Playbook) error {
	for _, p := range all {
		var err error
		if s.JSON {
			err = printJSON(c.out, drill.Outcome{Name: p.Name, Does: p.Does, Rules: p.Rules, Blind: p.Lacks.String(), Seen: []drill.Sight{}, Silent: []string{}})
		} else {
			err = print(c.out, p.String()+"\n")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// begin starts a sensor for the playbooks alone where none answers.
func (s *simulateCommand) begin(c *console) (stop func() error, err error) {
	var st sensor.Status
	if err := s.getJSON(c.ctx, "/status", &st); err == nil {
		return func() error { return nil }, nil
	} else if c.ctx.Err() != nil {
		return nil, c.ctx.Err()
	}
	fmt.Fprintf(c.err, "no sensor answers on %s: one is started for what is simulated only\n", s.Socket)
	config := sensor.Default()
	config.Tier = s.Tier
	if err := config.Check(); err != nil {
		return nil, misuse{err}
	}
	log := slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelError}))
	s.Socket, stop, err = drill.Start(c.ctx, config, version, log)
	return stop, needsRoot(err)
}

// play plays playbooks and says how each went.
func (s *simulateCommand) play(c *console, all []simulate.Playbook) error {
	d, err := drill.Begin(c.ctx, func(ctx context.Context, path string) (io.ReadCloser, error) { return s.get(ctx, path, nil) })
	if err != nil {
		return err
	}
	var t drill.Tally
	for _, p := range all {
		o := d.Play(p)
		if c.ctx.Err() != nil {
			return errors.Join(c.ctx.Err(), d.End())
		}
		t.Add(&o)
		if err := s.tell(c, o); err != nil {
			return errors.Join(err, d.End())
		}
	}
	if !s.JSON && len(all) > 1 {
		err = print(c.out, summary(&t, d.Tier()))
	}
	if t.Failed > 0 {
		err = errors.Join(err, fmt.Errorf("simulate: %s raised no alert", count(t.Failed, "playbook")))
	}
	if most, ok := t.Quantile(99); ok && s.Within > 0 && most > s.Within.Milliseconds() {
		err = errors.Join(err, fmt.Errorf("simulate: 99 of 100 alerts came after %d ms: wanted within %v", most, s.Within))
	}
	return errors.Join(err, d.End())
}

func summary(t *drill.Tally, tier string) string {
	line := fmt.Sprintf("%s: %d raised their alerts, %d cannot be seen in the %s tier, %d failed",
		count(t.All, "playbook"), t.Raised(), t.Blind, tier, t.Failed)
	if middle, ok := t.Quantile(50); ok {
		most, _ := t.Quantile(99)
		line += fmt.Sprintf("; from event to alert %d ms in the middle, %d ms for 99 of 100", middle, most)
	}
	return line + "\n"
}

// tell says how a playbook went.
func (s *simulateCommand) tell(c *console, o drill.Outcome) error {
	failed := ""
	if o.Err != nil {
		failed = oneLine(o.Err)
	}
	if s.JSON {
		return printJSON(c.out, outcome{o, failed})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", o.Name, o.Does)
	for _, s := range o.Seen {
		if s.Folded {
			fmt.Fprintf(&b, "  alert   %s, seen again: folded into the one before\n", s.Rule)
		} else {
			fmt.Fprintf(&b, "  alert   %s after %d ms\n", s.Rule, s.Latency)
		}
	}
	for _, rule := range o.Silent {
		if o.Blind != "" {
			fmt.Fprintf(&b, "  blind   %s: %s\n", rule, o.Blind)
		} else {
			fmt.Fprintf(&b, "  SILENT  %s\n", rule)
		}
	}
	if failed != "" {
		fmt.Fprintf(&b, "  failed  %s\n", printable(failed))
	}
	return print(c.out, b.String())
}
