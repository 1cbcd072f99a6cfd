package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"vigil/sensor"
	"vigil/sensor/simulate"
)

// patience is how long an alert may take from the end of its playbook on before that has
// failed: what a behaviour waits for is over long before.
const patience = 10 * time.Second

// outcome is what became of a playbook, as JSON.
type outcome struct {
	Name   string   `json:"name"`
	Does   string   `json:"does"`
	Rules  []string `json:"rules"`
	Blind  string   `json:"blind,omitempty"` // what cannot be seen in this tier, and why
	Seen   []sight  `json:"seen"`
	Silent []string `json:"silent"` // rules whose alert did not come
	Error  string   `json:"error,omitempty"`
}

// sight is an alert that came.
type sight struct {
	Rule    string `json:"rule"`
	Latency int64  `json:"latency_ms"` // from the event to here
	Folded  bool   `json:"folded,omitempty"`
}

// Run runs playbooks, and fails when an alert did not come.
func (s *simulateCommand) Run(c *console) error {
	all, err := simulate.All()
	if err != nil {
		return err
	}
	switch {
	case s.List:
		return s.list(c, all)
	case s.All == (s.Name != ""):
		return misuse{errors.New("simulate: give the name of one playbook, or --all")}
	case !s.All:
		one, err := simulate.Find(s.Name)
		if err != nil {
			return misuse{fmt.Errorf("%w: vigil simulate --list shows them", err)}
		}
		all = []simulate.Playbook{one}
	}
	d := &drill{simulateCommand: s, console: c, came: make(chan *alertLine, 1024)}
	end, err := d.begin()
	if err != nil {
		return err
	}
	err = d.playAll(all)
	return errors.Join(err, end())
}

func (s *simulateCommand) list(c *console, all []simulate.Playbook) error {
	for _, p := range all {
		var err error
		if s.JSON {
			err = printJSON(c.out, outcome{Name: p.Name, Does: p.Does, Rules: p.Rules, Blind: p.Blind, Seen: []sight{}, Silent: []string{}})
		} else {
			err = print(c.out, p.String()+"\n")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// drill plays playbooks before a sensor and watches for its alerts.
type drill struct {
	*simulateCommand
	console *console
	tier    string // of the sensor
	came    chan *alertLine
}

// begin follows the alerts of the sensor that answers, or of one that it starts for
// the playbooks alone. End stops what was begun.
func (d *drill) begin() (end func() error, err error) {
	ctx, cancel := context.WithCancel(d.console.ctx)
	var all sync.WaitGroup
	var errs []error
	end = func() error {
		cancel()
		all.Wait()
		return errors.Join(errs...)
	}
	if _, err := d.status(ctx); err != nil {
		if d.console.ctx.Err() != nil {
			cancel()
			return nil, d.console.ctx.Err()
		}
		fmt.Fprintf(d.console.err, "no sensor answers on %s: one is started for what is simulated only\n", d.Socket)
		stop, err := d.start(ctx)
		if err != nil {
			cancel()
			return nil, err
		}
		before := end
		end = func() error { return errors.Join(before(), stop()) }
	}
	st, err := d.status(ctx)
	if err == nil {
		d.tier = weakest(st.Tiers)
		var body io.ReadCloser
		if body, err = d.get(ctx, "/alerts/follow", nil); err == nil {
			all.Go(func() {
				defer func() { _ = body.Close() }()
				err := readAlerts(body, func(a *alertLine) error { d.came <- a; return nil }, func([]byte) error { return nil })
				if ctx.Err() == nil {
					errs = append(errs, errors.New("the sensor has stopped"), err)
				}
				close(d.came)
			})
			return end, nil
		}
	}
	return nil, errors.Join(err, end())
}

func (d *drill) status(ctx context.Context) (st sensor.Status, err error) {
	err = d.getJSON(ctx, "/status", &st)
	return st, err
}

// weakest is the lowest tier that any kind is captured in.
func weakest(tiers map[string]string) string {
	for _, tier := range []string{"tracepoint", "kprobe"} {
		for _, t := range tiers {
			if t == tier {
				return tier
			}
		}
	}
	return "full"
}

// start starts a sensor that sees what this program starts, and answers on a socket of
// its own.
func (d *drill) start(ctx context.Context) (stop func() error, err error) {
	dir, err := os.MkdirTemp("", "vigil-simulate-")
	if err != nil {
		return nil, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	lists := filepath.Join(dir, "indicators")
	if err := os.WriteFile(lists, []byte(simulate.Indicators), 0o600); err != nil {
		return nil, errors.Join(err, remove())
	}
	config := sensor.Default()
	config.Scope, config.Tier, config.Intelligence = "self", d.Tier, []string{lists}
	config.Socket = filepath.Join(dir, "socket")
	if err := config.Check(); err != nil {
		return nil, errors.Join(misuse{err}, remove())
	}
	s, err := sensor.New(config, version, slog.New(slog.NewTextHandler(d.console.err, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return nil, errors.Join(needsRoot(err), remove())
	}
	socket, err := sensor.Listen(config.Socket)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	followers := sensor.NewFollowers()
	s.AddSink(followers)
	ready, done := make(chan struct{}), make(chan error, 2)
	go func() { done <- s.Serve(ctx, socket, followers) }()
	go func() { done <- s.Run(ctx, func() { close(ready) }) }()
	stop = func() error { return errors.Join(<-done, <-done, remove()) }
	select {
	case <-ready:
	case err := <-done:
		return nil, errors.Join(err, remove())
	}
	d.Socket = config.Socket
	return stop, nil
}

// playAll plays playbooks and says how each went.
func (d *drill) playAll(all []simulate.Playbook) error {
	var latencies []int64
	silent, blind := 0, 0
	for _, p := range all {
		o := d.play(p)
		if d.console.ctx.Err() != nil {
			return d.console.ctx.Err()
		}
		for _, s := range o.Seen {
			if !s.Folded {
				latencies = append(latencies, s.Latency)
			}
		}
		switch {
		case o.Error != "", len(o.Silent) > 0 && o.Blind == "":
			silent++
		case len(o.Silent) > 0:
			blind++
		}
		if err := d.tell(o); err != nil {
			return err
		}
	}
	if !d.JSON && len(all) > 1 {
		slices.Sort(latencies)
		if err := print(d.console.out, fmt.Sprintf("%s: %d raised their alerts, %d cannot be seen in the %s tier, %d failed%s\n",
			count(len(all), "playbook"), len(all)-silent-blind, blind, d.tier, silent, quantiles(latencies))); err != nil {
			return err
		}
	}
	if silent > 0 {
		return fmt.Errorf("simulate: %s raised no alert", count(silent, "playbook"))
	}
	return nil
}

func quantiles(sorted []int64) string {
	if len(sorted) == 0 {
		return ""
	}
	return fmt.Sprintf("; from event to alert %d ms in the middle, %d ms for 99 of 100", sorted[len(sorted)/2], sorted[(len(sorted)*99-1)/100])
}

// play plays one, and waits for its alerts.
func (d *drill) play(p simulate.Playbook) outcome {
	o := outcome{Name: p.Name, Does: p.Does, Rules: p.Rules, Seen: []sight{}, Silent: slices.Clone(p.Rules)}
	if tier, why, _ := strings.Cut(p.Blind, ": "); tier != "" && tier == d.tier {
		o.Blind = why
	}
	cmd, err := simulate.Command(d.console.ctx, p.Name)
	if err != nil {
		o.Error = err.Error()
		return o
	}
	var said strings.Builder
	cmd.Stderr = &said
	input, err := cmd.StdinPipe() // its end tells those that wait for it that they have been seen
	if err != nil {
		o.Error = err.Error()
		return o
	}
	began := time.Now()
	if err = cmd.Start(); err != nil {
		_ = input.Close()
		o.Error = err.Error()
		return o
	}
	ended := make(chan struct{})
	go func() {
		if err := cmd.Wait(); err != nil {
			o.Error = oneLine(errors.Join(err, errors.New(strings.TrimSpace(said.String()))))
		}
		close(ended)
	}()
	d.wait(&o, cmd, began, ended)
	_ = input.Close() // it has ended by itself, if this fails
	<-ended
	return o
}

// wait takes the alerts of the playbook until all have come, or it has been too long.
func (d *drill) wait(o *outcome, cmd *exec.Cmd, began time.Time, ended <-chan struct{}) {
	limit := patience
	if o.Blind != "" {
		limit /= 4
	}
	late := time.NewTimer(limit)
	defer late.Stop()
	for len(o.Silent) > 0 {
		select {
		case <-ended:
			ended = nil
			late.Reset(limit)
		case a, open := <-d.came:
			if !open {
				return
			}
			if a.descends(uint32(cmd.Process.Pid)) {
				o.see(a.Info.Analytic.Rule, time.Now().UnixMilli()-a.Last, false)
			}
		case <-late.C:
			if ended != nil { // it goes on: what is slow is not the alert
				late.Reset(limit)
				continue
			}
			d.folded(o, began)
			return
		case <-d.console.ctx.Done():
			return
		}
	}
}

// see notes that a rule has raised its alert.
func (o *outcome) see(rule string, latency int64, folded bool) {
	if i := slices.Index(o.Silent, rule); i >= 0 {
		o.Silent = slices.Delete(o.Silent, i, i+1)
		o.Seen = append(o.Seen, sight{rule, latency, folded})
	}
}

// descends tells whether a process, or one of those that made it, has the PID.
func (a *alertLine) descends(pid uint32) bool {
	p := &a.Actor.Process
	return p.PID == pid || slices.ContainsFunc(p.Ancestry, func(q processPart) bool { return q.PID == pid })
}

// folded looks for alerts that were seen again since: what was raised within the hour
// is not told of anew.
func (d *drill) folded(o *outcome, since time.Time) {
	body, err := d.get(d.console.ctx, "/alerts", nil)
	if err != nil {
		return
	}
	defer func() { _ = body.Close() }()
	err = readAlerts(body, func(a *alertLine) error {
		if a.Count > 1 && a.Last >= since.UnixMilli() {
			o.see(a.Info.Analytic.Rule, 0, true)
		}
		return nil
	}, func([]byte) error { return nil })
	if err != nil && o.Error == "" {
		o.Error = err.Error()
	}
}

// tell says how a playbook went.
func (d *drill) tell(o outcome) error {
	if d.JSON {
		return printJSON(d.console.out, o)
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
	if o.Error != "" {
		fmt.Fprintf(&b, "  failed  %s\n", printable(o.Error))
	}
	return print(d.console.out, b.String())
}
