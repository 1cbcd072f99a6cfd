package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"vigil/sensor"
	"vigil/sensor/simulate"
)

// patience is how long an alert may take from the end of its playbook on before that has
// failed: what a behaviour waits for is over long before.
const patience = 10 * time.Second

// Ask asks a sensor for what lies at a path of its socket.
type Ask func(ctx context.Context, path string) (io.ReadCloser, error)

// Drill plays playbooks before a sensor and watches for its alerts.
type Drill struct {
	ctx    context.Context
	ask    Ask
	tiers  map[string]string // of the sensor, by kind of event
	came   chan *alert
	cancel context.CancelFunc
	all    sync.WaitGroup
	err    error
}

// Begin follows the alerts of a sensor, until the context ends or End is called.
func Begin(ctx context.Context, ask Ask) (*Drill, error) {
	d := &Drill{ask: ask, came: make(chan *alert, 1024)}
	d.ctx, d.cancel = context.WithCancel(ctx)
	var body io.ReadCloser
	err := d.askTiers()
	if err == nil {
		body, err = ask(d.ctx, "/alerts/follow")
	}
	if err != nil {
		d.cancel()
		return nil, err
	}
	d.all.Go(func() {
		defer func() { _ = body.Close() }()
		defer close(d.came)
		err := readAlerts(body, func(a *alert) { d.came <- a })
		if d.ctx.Err() == nil {
			d.err = errors.Join(errors.New("the sensor has stopped"), err)
		}
	})
	return d, nil
}

// End stops following, and tells what went wrong with it.
func (d *Drill) End() error {
	d.cancel()
	for range d.came { // it may be about to hand one on
	}
	d.all.Wait()
	return d.err
}

// Tier is the lowest that the sensor captures a kind of event in.
func (d *Drill) Tier() string {
	for _, tier := range []string{"tracepoint", "kprobe"} {
		for _, t := range d.tiers {
			if t == tier {
				return tier
			}
		}
	}
	return "full"
}

func (d *Drill) askTiers() error {
	body, err := d.ask(d.ctx, "/status")
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	var st sensor.Status
	if err := json.NewDecoder(body).Decode(&st); err != nil {
		return fmt.Errorf("read the sensor's answer: %w", err)
	}
	d.tiers = st.Tiers
	return nil
}

// Play plays one, and waits for its alerts.
func (d *Drill) Play(p simulate.Playbook) Outcome {
	o := outcomeOf(p)
	if l := p.Lacks; l.Tier != "" && d.tiers[l.Kind] == l.Tier {
		o.Blind = l.Why
	}
	o.Err = d.play(&o)
	return o
}

func (d *Drill) play(o *Outcome) error {
	cmd, err := simulate.Command(d.ctx, o.Name)
	if err != nil {
		return err
	}
	var said strings.Builder
	cmd.Stderr = &said
	input, err := cmd.StdinPipe() // its end tells those that wait for it that they have been seen
	if err != nil {
		return err
	}
	began := time.Now()
	if err = cmd.Start(); err != nil {
		return errors.Join(err, input.Close())
	}
	ended := make(chan struct{})
	var failed error
	go func() {
		if err := cmd.Wait(); err != nil {
			failed = errors.Join(err, errors.New(strings.TrimSpace(said.String())))
		}
		close(ended)
	}()
	err = d.wait(o, cmd, began, ended)
	_ = input.Close() // it has ended by itself, if this fails
	<-ended
	return errors.Join(failed, err)
}

// wait takes the alerts of the playbook until all have come, or it has been too long.
func (d *Drill) wait(o *Outcome, cmd *exec.Cmd, began time.Time, ended <-chan struct{}) error {
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
				return nil // End tells why
			}
			if a.descends(uint32(cmd.Process.Pid)) {
				o.see(a.Info.Analytic.Rule, time.Now().UnixMilli()-a.Last, false)
			}
		case <-late.C:
			if ended != nil { // it goes on: what is slow is not the alert
				late.Reset(limit)
				continue
			}
			return d.folded(o, began)
		case <-d.ctx.Done():
			return nil
		}
	}
	return nil
}

// folded looks for alerts that were seen again since: what was raised within the hour
// is not told of anew.
func (d *Drill) folded(o *Outcome, since time.Time) error {
	body, err := d.ask(d.ctx, "/alerts")
	if err != nil {
		return nil // it stays silent
	}
	defer func() { _ = body.Close() }()
	return readAlerts(body, func(a *alert) {
		if a.Count > 1 && a.Last >= since.UnixMilli() {
			o.see(a.Info.Analytic.Rule, 0, true)
		}
	})
}
