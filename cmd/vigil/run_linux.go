package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"vigil/sensor"
)

// Run watches until stopped, or until the command it started has ended.
func (r *runCommand) Run(c *console) error {
	config, err := r.configure()
	if err != nil {
		return misuse{err}
	}
	log := slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelInfo}))
	s, err := sensor.New(config, version, log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	out := newPrinter(c, r.JSON)
	if !r.Quiet {
		s.AddSink(out)
	}
	if r.Record != "" {
		recorder, err := newRecorder(r.Record)
		if err != nil {
			return err
		}
		defer recorder.close(log)
		s.AddSink(recorder)
	}
	followers := sensor.NewFollowers()
	s.AddSink(followers)

	var all sync.WaitGroup
	failed := make(chan error, 4)
	begin := func(f func() error) {
		all.Go(func() {
			if err := f(); err != nil {
				failed <- err
				cancel()
			}
		})
	}
	if config.Socket != "" {
		begin(func() error { return s.Serve(ctx, config.Socket, followers) })
	}
	if config.Metrics != "" {
		begin(func() error { return s.ServeMetrics(ctx, config.Metrics) })
	}
	begin(func() error { return r.reloadOnHangup(ctx, s, log) })
	begin(func() error { return out.flushUntil(ctx) })
	begin(func() error {
		defer cancel()
		return s.Run(ctx, func() {
			r.greet(c, s)
			if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
				log.Warn("tell systemd", "error", err)
			}
			if len(r.Command) > 0 {
				begin(func() error { defer cancel(); return r.start(ctx, c) })
			}
		})
	})
	all.Wait()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	errs = append(errs, out.flush())
	return errors.Join(errs...)
}

// configure reads the file and lays the flags over it.
func (r *runCommand) configure() (sensor.Config, error) {
	if len(r.Command) > 0 && r.Command[0] == "--" {
		r.Command = r.Command[1:]
	}
	config, err := sensor.Load(r.Config)
	if err != nil {
		return config, err
	}
	if r.Scope != "" {
		config.Scope = r.Scope
	}
	if r.Tier != "" {
		config.Tier = r.Tier
	}
	if len(r.Kinds) > 0 {
		config.Kinds = r.Kinds
	}
	if r.Vital > 0 {
		config.Vital = r.Vital
	}
	if r.Bulk > 0 {
		config.Bulk = r.Bulk
	}
	if r.Socket != "" {
		config.Socket = r.Socket
	}
	if config.Scope == "self" && len(r.Command) == 0 {
		return config, errors.New("scope self watches what the sensor starts: give a command behind --, or another scope")
	}
	return config, config.Check()
}

// greet says what is watched, before the first event.
func (r *runCommand) greet(c *console, s *sensor.Sensor) {
	tiers, none := map[string]int{}, 0
	for _, k := range s.Coverage() {
		if len(k.Programs) == 0 {
			none++
			continue
		}
		tiers[k.Tier.String()]++
	}
	fmt.Fprintf(c.err, "vigil %s watches: %d kinds of events in the full tier, %d kprobe, %d tracepoint, %d not (see vigil doctor)\n",
		version, tiers["full"], tiers["kprobe"], tiers["tracepoint"], none)
}

// start runs the command given behind --; its end ends the watch.
func (r *runCommand) start(ctx context.Context, c *console) error {
	cmd := exec.CommandContext(ctx, r.Command[0], r.Command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, c.err, c.err
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 3 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the command %q: %w", r.Command[0], err)
	}
	return nil
}

// reloadOnHangup reads the configuration again at SIGHUP. A broken one changes nothing.
func (r *runCommand) reloadOnHangup(ctx context.Context, s *sensor.Sensor, log *slog.Logger) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			config, err := r.configure()
			if err == nil {
				err = s.Reload(config)
			}
			if err != nil {
				log.Error("configuration not changed", "error", err)
				continue
			}
			log.Info("configuration read again")
		}
	}
}

// printer is a sink that writes events to the terminal, or as JSON lines.
type printer struct {
	mutex  sync.Mutex
	out    io.Writer
	json   bool
	style  style
	buffer []byte
	line   []byte
	err    error
}

// printBuffer is how much is gathered before it is written.
const printBuffer = 64 << 10

func newPrinter(c *console, json bool) *printer {
	return &printer{out: c.out, json: json, style: styleOf(c), buffer: make([]byte, 0, printBuffer+16<<10)}
}

// Take prints an event.
func (p *printer) Take(e *sensor.Event) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.json {
		p.buffer = sensor.AppendEvent(p.buffer, e)
	} else {
		p.buffer = appendLine(p.buffer, e, p.style)
	}
	if len(p.buffer) >= printBuffer {
		p.write()
	}
}

func (p *printer) write() {
	if _, err := p.out.Write(p.buffer); err != nil && p.err == nil {
		p.err = fmt.Errorf("print events: %w", err)
	}
	p.buffer = p.buffer[:0]
}

func (p *printer) flush() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.write()
	return p.err
}

// flushUntil writes what waits, often enough for eyes.
func (p *printer) flushUntil(ctx context.Context) error {
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
}
