package api

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"vigil/uplink/server/control"
)

func (a *API) health(c *call) (any, error) {
	if err := a.State.Ping(c.q.Context()); err != nil {
		a.Log.Error("the control state cannot be reached", "error", err)
		return nil, refusal{http.StatusServiceUnavailable, "the control state cannot be reached", 5 * time.Second}
	}
	return map[string]string{"status": "ok"}, nil
}

// silent is how long a sensor may say nothing before it counts as silent: it reports each minute.
const silent = 5 * time.Minute

// overview is the first page in numbers.
type overview struct {
	Alerts  []control.AlertCount `json:"alerts"`
	Sensors struct {
		Total   int `json:"total"`
		Silent  int `json:"silent"`
		Revoked int `json:"revoked"`
	} `json:"sensors"`
	Lost    uint64 `json:"lost"`    // records, of all sensors
	Dropped uint64 `json:"dropped"` // events, by spools
	Rates   Rates  `json:"rates"`
	Version string `json:"version"`
}

func (a *API) overview(c *call) (any, error) {
	o := overview{Rates: a.Rates(), Version: a.Version}
	var err error
	if o.Alerts, err = a.State.AlertCounts(c.q.Context()); err != nil {
		return nil, err
	}
	all, err := a.State.Sensors(c.q.Context())
	if err != nil {
		return nil, err
	}
	o.Sensors.Total = len(all)
	for _, s := range all {
		o.Lost += s.Lost
		o.Dropped += s.Dropped
		switch {
		case !s.Revoked.IsZero():
			o.Sensors.Revoked++
		case a.Now().Sub(s.Seen) > silent:
			o.Sensors.Silent++
		}
	}
	return o, nil
}

// live tells what changes as server-sent events, until the caller goes or is no longer
// who it was. Its kinds are alert, sensor, policy, suppression, export, and lost, which
// says to look at everything again.
func (a *API) live(c *call) (any, error) {
	s, err := a.Changes.Subscribe()
	if err != nil {
		return nil, refusal{http.StatusServiceUnavailable, err.Error(), 10 * time.Second}
	}
	defer s.Close()
	c.done = true
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.WriteHeader(http.StatusOK)
	beat := time.NewTicker(a.Heartbeat)
	defer beat.Stop()
	for text := ": watching\n\n"; ; {
		if err := say(c, text); err != nil {
			return nil, nil // whom it does not reach has gone
		}
		select {
		case e := <-s.Events():
			text = fmt.Sprintf("event: %s\ndata: %s\n\n", e.Name, e.Data)
		case <-beat.C:
			text = ": still here\n\n"
			if err := a.vouched(c); errors.Is(err, control.ErrNotFound) {
				return nil, nil // logged out, disabled, or the token was deleted
			}
		case <-c.q.Context().Done():
			return nil, nil
		}
	}
}

// say writes at once, to one who listens.
func say(c *call, text string) error {
	r := http.NewResponseController(c.w)
	if err := r.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := c.w.Write([]byte(text)); err != nil {
		return err
	}
	if err := r.Flush(); err != nil {
		return err
	}
	return r.SetWriteDeadline(time.Time{}) // HTTP/2 ends a stream whose deadline passes, though nobody writes
}

// metrics is what Prometheus asks for, with a token.
func (a *API) metrics(c *call) (any, error) {
	if a.Metrics == nil {
		return nil, fmt.Errorf("metrics: %w", control.ErrNotFound)
	}
	c.done = true
	a.Metrics.ServeHTTP(c.w, c.q)
	return nil, nil
}
