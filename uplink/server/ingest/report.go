package ingest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/ship/protocol"
)

// Bounds of one message.
const (
	maxDrops  = 1000
	maxGone   = 1000 // ranges of one
	maxReason = 4096 // bytes of why a policy is refused
)

func (r *Receiver) drops(w http.ResponseWriter, q *http.Request, sensor string) error {
	var m []protocol.Drop
	if err := read(q, &m); err != nil {
		return err
	}
	if len(m) > maxDrops {
		return malformed("%d drops, the most at once is %d", len(m), maxDrops)
	}
	all := make([]control.Drop, 0, len(m))
	for _, d := range m {
		epoch, err := strconv.ParseUint(d.Epoch, 16, 64)
		known := d.Class == protocol.Events || d.Class == protocol.Alerts
		if err != nil || len(d.Epoch) != 16 || d.First == 0 || d.Last < d.First || !known || d.Reason == "" || !plain(d.Reason, 64) || d.Batches > 1<<62 || d.Events > 1<<40 {
			return malformed("a drop of epoch %q, %d to %d, %s, for %q", d.Epoch, d.First, d.Last, d.Class, d.Reason)
		}
		var gone control.Ranges
		for _, g := range d.Gone {
			if g[0] < d.First || g[1] > d.Last || g[0] > g[1] || len(d.Gone) > maxGone {
				return malformed("a drop of %d to %d, of which %d to %d are gone", d.First, d.Last, g[0], g[1])
			}
			gone = gone.Add(control.Range{First: g[0], Last: g[1]})
		}
		all = append(all, control.Drop{
			Epoch: epoch, Gone: gone, Range: control.Range{First: d.First, Last: d.Last}, Class: string(d.Class), Reason: d.Reason,
			Batches: d.Batches, Events: d.Events, Time: d.Time,
		})
	}
	// What is here was not dropped, though the sensor does not know: it is claimed first.
	if here := r.held.of(sensor); len(here) > 0 {
		if _, err := r.Claim(q.Context(), here); err != nil {
			return err
		}
	}
	if err := r.State.Dropped(q.Context(), sensor, all); err != nil {
		return err
	}
	for _, d := range all {
		r.ledger.forget(sensor, d.Epoch)
	}
	r.changed(sensor)
	w.WriteHeader(http.StatusOK)
	return nil
}

func (r *Receiver) report(w http.ResponseWriter, q *http.Request, sensor string) error {
	var m protocol.Report
	if err := read(q, &m); err != nil {
		return err
	}
	if !plain(m.Version, 64) || !plain(m.Tier, 64) || !plain(m.Follows, 64) || m.Policy < 0 || len(m.Refused) > maxReason {
		return malformed("a version, a tier and a policy's name have at most 64 bytes, a policy's version is not negative, why it is refused has at most %d bytes", maxReason)
	}
	health := map[string]json.RawMessage{}
	if len(m.Health) > 0 {
		if err := json.Unmarshal(m.Health, &health); err != nil {
			return malformed("health is an object: %v", err)
		}
	}
	text, err := json.Marshal(health)
	if err != nil {
		return malformed("%v", err)
	}
	err = r.State.Reported(q.Context(), sensor, control.Report{
		Version: m.Version, Tier: m.Tier, Lost: m.Lost, Applied: m.Policy, Follows: m.Follows, Refused: m.Refused, Address: address(q), Health: text,
	})
	if err != nil {
		return err
	}
	r.changed(sensor)
	w.WriteHeader(http.StatusOK)
	return nil
}

// look is how often one who waits looks whether another server, that shares the control
// state, changed a policy.
const look = 10 * time.Second

// policy answers with what the sensor shall do: at once, unless it has that already
// (If-None-Match) and is ready to wait (Prefer: wait=N, RFC 7240).
func (r *Receiver) policy(w http.ResponseWriter, q *http.Request, sensor string) error {
	deadline := time.NewTimer(wait(q.Header.Get("Prefer")))
	defer deadline.Stop()
	var others <-chan time.Time
	if r.State.Shared() {
		tick := time.NewTicker(look)
		defer tick.Stop()
		others = tick.C
	}
	for {
		fired := r.Policies.Wait() // before the look: what changes after it is not missed
		p, err := r.State.PolicyOf(q.Context(), sensor)
		if err != nil {
			return err
		}
		if p := (protocol.Policy{Name: p.Name, Version: p.Version, Body: p.Body}); p.Tag() != q.Header.Get("If-None-Match") {
			w.Header().Set("ETag", p.Tag())
			return answer(w, p)
		}
		select {
		case <-fired:
		case <-others:
		case <-q.Context().Done():
			return q.Context().Err()
		case <-deadline.C:
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		// A sensor that was revoked while it waited is told nothing more.
		if ok, err := r.State.Admitted(q.Context(), sensor); err != nil {
			return err
		} else if !ok {
			return refusal{http.StatusForbidden, "this sensor was revoked", 0}
		}
	}
}

func wait(prefer string) time.Duration {
	text, ok := strings.CutPrefix(prefer, "wait=")
	n, err := strconv.ParseUint(text, 10, 16)
	if !ok || err != nil {
		return 0
	}
	return min(time.Duration(n)*time.Second, protocol.MaxWait)
}
