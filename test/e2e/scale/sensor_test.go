//go:build linux

package scale

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
	"vigil/uplink/feed"
	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
	"vigil/uplink/spool"
)

const orderVariable = "VIGIL_SCALE_SENSOR"

// order is what a process is to be as a sensor.
type order struct {
	Dir      string // with the folder "spool" in it
	Name     string
	Server   string
	Token    string
	First    uint64 // number of its events
	Events   uint64 // that its spool shall acknowledge in all its lives
	Rate     int    // events a second
	MaxBytes int64  // of its spool
}

func (o *order) journal() string { return filepath.Join(o.Dir, "journal") }
func (o *order) log() string     { return filepath.Join(o.Dir, "log") }

// runSensor is a sensor but for the kernel: what it sees is made up. It ends when its
// input does and all is shipped and told.
func runSensor(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	out, err := os.OpenFile(o.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(out, nil))
	if err := enrolled(&o); err != nil {
		return err
	}
	j, next, err := openJournal(o.journal(), o.First)
	if err != nil {
		return err
	}
	if j.spool, err = spool.Open(filepath.Join(o.Dir, "spool"), spool.Settings{MaxBytes: o.MaxBytes}, log); err != nil {
		return err
	}
	s := &source{order: o, journal: j, next: next, boot: time.Now().Add(-time.Hour).UnixNano()}
	s.feed = feed.New(decode.Meta{BootOffset: s.boot, Host: o.Name, Version: "scale"}, j, log)
	way := feed.NewWay(j.spool)
	client, err := ship.Open(ship.Settings{
		Dir: o.Dir, Spool: way, Drops: way, Queued: way.Queued, Clock: ship.RealClock(), Log: log,
		Health: func() protocol.Report { return protocol.Report{Version: "scale"} },
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(s.feed.Run)
	g.Go(func() error { return way.Run(ctx) })
	g.Go(func() error { return client.Run(ctx) })
	g.Go(func() error {
		defer stop()
		defer s.feed.Close()
		if err := s.run(ctx); err != nil {
			return err
		}
		return settled(ctx, way, j.spool)
	})
	return errors.Join(g.Wait(), j.spool.Close())
}

func enrolled(o *order) error {
	_, err := ship.Expires(o.Dir)
	if !errors.Is(err, ship.ErrNotEnrolled) {
		return err
	}
	_, err = ship.Enrol(context.Background(), ship.Enrolment{Dir: o.Dir, Server: o.Server, Token: o.Token, Name: o.Name, Version: "scale"})
	return err
}

// settled waits for the end of the input, and until nothing is left to ship or tell.
func settled(ctx context.Context, way *feed.Way, s *spool.Spool) error {
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	for way.Queued() > 0 || len(s.Drops()) > 0 {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// source makes events.
type source struct {
	order
	feed    *feed.Feed
	journal *journal
	next    uint64 // number
	boot    int64  // when the host was booted, ns since 1970
	seen    uint64
}

// run makes events until the spool has acknowledged as many as it shall. Some may be lost
// before it, as by a kill: others are made for them.
func (s *source) run(ctx context.Context) error {
	const turn = 10 * time.Millisecond
	tick := time.NewTicker(turn)
	defer tick.Stop()
	asked := s.journal.total()
	quiet := time.Now()
	for s.journal.total() < s.Events {
		var now time.Time
		select {
		case <-ctx.Done():
			return nil
		case now = <-tick.C:
		}
		if asked < s.Events {
			n := min(uint64(s.Rate)*uint64(turn)/uint64(time.Second), s.Events-asked)
			for range n {
				if err := s.see(now); err != nil {
					return err
				}
			}
			asked, quiet = asked+n, now
		} else if now.Sub(quiet) > 5*time.Second { // longer than anything waits in memory
			asked = s.journal.total()
		}
		s.feed.Flush(now)
	}
	return nil
}

// One in so many is a program that starts; and so seldom comes an alert.
const (
	execs  = 8
	alerts = 500
)

func (s *source) see(now time.Time) error {
	s.seen++
	h := decode.Header{
		Time: uint64(now.UnixNano() - s.boot), ExecID: s.next/1000 + 1, ParentExecID: 1, CgroupID: 77, PID: uint32(1000 + s.next/1000%5000), UID: 33, Count: 1,
	}
	a := &decode.Actor{Path: []byte("/usr/sbin/worker"), Comm: []byte("worker"), ExecID: h.ExecID, PID: h.PID, PPID: 1, BootOffset: s.boot, Hostname: s.Name}
	switch {
	case s.seen%alerts == 0:
		line, err := s.alert(now, h.ExecID)
		if err != nil {
			return err
		}
		s.feed.Alert(line)
	case s.seen%execs == 0:
		args := fmt.Sprintf("worker\x00--job=%d\x00", s.next)
		r := recordtest.DecodedWith(h, decode.KindExec, decode.Exec{Start: h.Time, Mode: 0o100755}, recordtest.Texts("/usr/sbin/worker", args, "/srv", "/usr/sbin/worker", "", "", "worker")...)
		s.feed.Event(r, a, now)
	default:
		w := decode.FileWrite{File: decode.FileIdentity{Inode: s.next * 0x9E3779B97F4A7C15 >> 20, Device: 8<<20 | 1, Mode: 0o100644, Links: 1}, Bytes: s.next, First: h.Time, Last: h.Time, Writes: 1}
		r := recordtest.DecodedWith(h, decode.KindFileWrite, w, recordtest.Texts(fmt.Sprintf("/srv/data/%d/out-%x", s.next%300, s.next*0x9E3779B97F4A7C15>>40))...)
		s.feed.Event(r, a, now)
		s.next++
	}
	return nil
}

func (s *source) alert(now time.Time, exec uint64) ([]byte, error) {
	a := detect.Alert{
		ID: fmt.Sprintf("scale-%d-%d", s.next, s.seen), Host: s.Name, First: now, Last: now, Count: 1,
		Incident: fmt.Sprintf("scale-%d", s.First), Finding: detect.Finding{Rule: "vigil-scale", Title: "An alert of the test", Severity: decode.Low},
		Process: detect.Process{ExecID: exec, PID: 1000, Path: "/usr/sbin/worker"},
	}
	return a.AppendJSON(nil, detect.Create)
}
