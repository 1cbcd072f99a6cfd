package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"vigil/sensor"
	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
)

// watch is one call of vigil run.
type watch struct {
	*runCommand
	console   *console
	log       *slog.Logger
	sensor    *sensor.Sensor
	settings  settings
	printer   *printer
	recorder  *recorder    // nil: nothing is recorded
	shipper   *shipper     // nil: this host is enrolled at no server
	server    string       // where it ships to; "": where it was enrolled
	greet     func() error // of the server in this process; nil: there is none
	followers *sensor.Followers

	cancel context.CancelFunc // ends the watch
	all    sync.WaitGroup
	mutex  sync.Mutex
	errs   []error
}

// Run watches until stopped, or until the command it started has ended.
func (r *runCommand) Run(c *console) error {
	if _, err := r.check(); err != nil {
		return err
	}
	return r.watch(c, "", nil)
}

// check tells whether what is asked for can be, and takes -- from the command's words.
func (r *runCommand) check() (none sensor.Config, err error) {
	if len(r.Command) > 0 {
		if r.Command[0] != "--" || len(r.Command) == 1 {
			return none, misuse{fmt.Errorf("%q: a command to start stands behind --", r.Command[0])}
		}
		r.Command = r.Command[1:]
		if _, err := exec.LookPath(r.Command[0]); err != nil {
			return none, fmt.Errorf("start the command: %w", err)
		}
	}
	return r.configure()
}

// watch watches until stopped, and ships to a server, "" for the one it was enrolled at.
// Greet is called when it has begun, unless nil.
func (r *runCommand) watch(c *console, server string, greet func() error) error {
	filter, err := r.parse()
	if err != nil {
		return err
	}
	config, err := r.configure()
	if err != nil {
		return err
	}
	w := &watch{
		runCommand: r, console: c, log: slog.New(slog.NewTextHandler(c.err, nil)),
		printer: newPrinter(c, r.JSON, filter), followers: sensor.NewFollowers(), server: server, greet: greet,
	}
	return needsRoot(w.run(config))
}

// needsRoot says what to do when the kernel, or the socket's directory, refused.
func needsRoot(err error) error {
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		return fmt.Errorf("vigil run needs root, start it with sudo: %w", err)
	}
	return err
}

func (w *watch) run(config sensor.Config) (err error) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	var socket net.Listener
	if config.Socket != "" { // first: it tells at once whether another sensor runs
		if socket, err = sensor.Listen(config.Socket); err != nil {
			return err
		}
		defer func() { _ = socket.Close() }()
	}
	if err := w.loadKept(config); err != nil {
		return err
	}
	if w.greet != nil { // a server, which is in this process
		w.sensor.Share()
	}
	w.printer.shows = w.sensor.Shows
	if !w.Quiet {
		w.sensor.AddSink(w.printer)
	}
	if w.Record != "" {
		if w.recorder, err = createRecorder(w.Record, w.sensor.Meta()); err != nil {
			return err
		}
		w.recorder.failed = func(err error) { w.log.Error("recording ended, the watch goes on", "error", err) }
		w.sensor.AddSink(w.recorder)
	}
	w.sensor.AddSink(w.followers)
	if err := w.enrolled(config); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(w.console.ctx)
	defer cancel()
	w.cancel, w.printer.failed = cancel, cancel // the last flush tells why
	if socket != nil {
		w.begin(func() error { return w.sensor.Serve(ctx, socket, w.followers) })
	}
	if config.Metrics != "" {
		w.begin(func() error { return w.sensor.ServeMetrics(ctx, config.Metrics) })
	}
	w.begin(func() error { return w.reloadOnHangup(ctx, hangup) })
	shipping, endShipping := context.WithCancel(context.WithoutCancel(ctx))
	defer endShipping()
	if w.shipper != nil {
		w.begin(func() error { return w.shipper.run(shipping) })
	}
	w.begin(func() error {
		defer cancel()
		err := w.sensor.Run(ctx, func() { w.ready(ctx) })
		if w.shipper != nil { // nothing comes any more
			w.shipper.feed.Close()
			endShipping()
		}
		return err
	})
	w.all.Wait()
	if err := w.printer.flush(); !errors.Is(err, syscall.EPIPE) { // a reader that has seen enough hides nothing else
		w.errs = append(w.errs, err)
	}
	if w.recorder != nil {
		w.errs = append(w.errs, w.recorder.close())
	}
	return errors.Join(w.errs...)
}

// enrolled ships what is seen if this host is enrolled at a server.
func (w *watch) enrolled(config sensor.Config) (err error) {
	if w.State == "" {
		return nil
	}
	w.shipper, err = openShipper(w.State, w.server, config.Shipping, w.sensor, func(ctx context.Context, p protocol.Policy) error {
		return w.settings.follow(ctx, w.sensor, p)
	}, w.log)
	if errors.Is(err, ship.ErrNotEnrolled) {
		return nil
	}
	if err == nil {
		w.sensor.AddSink(w.shipper)
		w.sensor.Ship(w.shipper.upstream, w.shipper.lost)
	}
	return err
}

// loadKept loads the sensor with the policy that it followed last. One that cannot be
// followed any more keeps nothing from being watched.
func (w *watch) loadKept(config sensor.Config) error {
	w.settings.own = config
	if w.State == "" {
		return w.load(config)
	}
	kept, err := ship.Kept(w.State)
	both := config
	if err == nil && kept.Version > 0 {
		both, err = w.settings.begin(kept)
	}
	if err != nil {
		w.log.Error("the host's own settings are followed until its server says more", "error", err)
		both = config
	}
	return w.load(both)
}

// load takes seconds. Who asks it to stop meanwhile does not wait: the end of the
// program takes back what was loaded.
func (w *watch) load(config sensor.Config) error {
	loaded := make(chan error, 1)
	go func() {
		var err error
		w.sensor, err = sensor.New(config, version, w.log)
		loaded <- err
	}()
	select {
	case err := <-loaded:
		return err
	case <-w.console.ctx.Done():
		return w.console.ctx.Err()
	}
}

// begin runs f beside the others; its failure ends the watch.
func (w *watch) begin(f func() error) {
	w.all.Go(func() {
		if err := f(); err != nil {
			w.mutex.Lock()
			w.errs = append(w.errs, err)
			w.mutex.Unlock()
			w.cancel()
		}
	})
}

// configure reads the file and lays the flags over it.
func (r *runCommand) configure() (sensor.Config, error) {
	config, err := sensor.Load(r.Config)
	if file := (*fs.PathError)(nil); errors.As(err, &file) {
		return config, err // not to be read: no fault of what is asked for
	}
	if err != nil {
		return config, misuse{err}
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
	if r.NoJudge {
		config.Judge = false
	}
	config.Rules = append(config.Rules, r.Rules...)
	config.Intelligence = append(config.Intelligence, r.Intelligence...)
	if r.Vital > 0 {
		config.Vital = r.Vital
	}
	if r.Bulk > 0 {
		config.Bulk = r.Bulk
	}
	if r.Socket != nil {
		config.Socket = *r.Socket
	}
	if err = config.Check(); err == nil && config.Scope == "self" && len(r.Command) == 0 {
		err = errors.New("scope: self watches what the sensor starts: give a command behind --, or another scope")
	}
	if err != nil {
		return config, misuse{err}
	}
	return config, nil
}

// ready says what is watched, before the first event, and starts the command.
func (w *watch) ready(ctx context.Context) {
	tiers, none := map[string]int{}, 0
	for _, k := range w.sensor.Coverage() {
		if len(k.Programs) == 0 {
			none++
			continue
		}
		tiers[k.Tier.String()]++
	}
	fmt.Fprintf(w.console.err, "vigil %s watches: %d kinds of events in the full tier, %d kprobe, %d tracepoint, %d not (see vigil doctor)\n",
		version, tiers["full"], tiers["kprobe"], tiers["tracepoint"], none)
	if w.greet != nil {
		if err := w.greet(); err != nil {
			w.log.Error("greet", "error", err)
		}
	}
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		w.log.Warn("tell systemd", "error", err)
	}
	if len(w.Command) > 0 {
		w.begin(func() error {
			defer w.cancel()
			return w.start(ctx)
		})
	}
}

// start runs the command given behind --.
func (w *watch) start(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, w.Command[0], w.Command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, w.console.err, w.console.err
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 3 * time.Second
	err := sensor.StartProgram(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case cmd.ProcessState != nil:
		return fmt.Errorf("the command %q ended with %s", w.Command[0], cmd.ProcessState)
	}
	return fmt.Errorf("start the command: %w", err)
}

// reloadOnHangup reads the configuration again at SIGHUP. A broken one changes nothing.
func (w *watch) reloadOnHangup(ctx context.Context, hangup <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			w.reload(ctx)
		}
	}
}

func (w *watch) reload(ctx context.Context) {
	config, err := w.configure()
	var restart []string
	if err == nil {
		restart, err = w.settings.changeOwn(ctx, w.sensor, config)
	}
	switch {
	case err != nil:
		w.log.Error("configuration not changed", "error", err)
	case len(restart) > 0:
		w.log.Warn("configuration read again; some of it needs a restart", "keys", strings.Join(restart, " "))
	default:
		w.log.Info("configuration read again")
	}
}
