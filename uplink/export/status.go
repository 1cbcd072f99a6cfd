package export

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Reason is why an item was not delivered. What a destination refuses is named by its
// own words as far as they are few: "refused: 400".
type Reason string

// The reasons that are not a destination's.
const (
	ReasonFull      Reason = "queue full"
	ReasonOld       Reason = "waited too long"
	ReasonDisk      Reason = "no room on the disk"
	ReasonDamaged   Reason = "what waited on the disk cannot be read"
	ReasonMalformed Reason = "no JSON object in one line"
	ReasonTooLarge  Reason = "too large for the destination"
	ReasonGivenUp   Reason = "given up after retries"
	ReasonStopped   Reason = "exporter stopped"
	ReasonUnnamed   Reason = "refused: destination tells how many, not which"
)

// Loss is what was not delivered for one reason.
type Loss struct {
	Reason Reason    `json:"reason"`
	Items  uint64    `json:"items"`          // alerts and events
	Alerts uint64    `json:"alerts"`         // of them; of ReasonUnnamed not known, and 0
	First  time.Time `json:"first"`          // when it happened
	Last   time.Time `json:"last"`           //
	From   time.Time `json:"from,omitzero"`  // of the items' own times, as far as they are known
	Until  time.Time `json:"until,omitzero"` //
}

// Status is how an export does. Offered = Queued + Delivered + Undelivered.
type Status struct {
	Destination  string    `json:"destination"` // what it is and where, without secrets
	Confirmed    string    `json:"confirmed"`   // what stands behind Delivered: the words of doc.go
	Offered      uint64    `json:"offered"`     // that the filter let through
	Queued       uint64    `json:"queued"`      // or on the way
	Delivered    uint64    `json:"delivered"`
	Undelivered  uint64    `json:"undelivered"`
	Losses       []Loss    `json:"losses"` // Undelivered by reason, as they came up first
	Attempts     uint64    `json:"attempts"`
	Failures     uint64    `json:"failures"` // attempts after which something was to be sent again
	LastDelivery time.Time `json:"last_delivery,omitzero"`
	FailingSince time.Time `json:"failing_since,omitzero"` // zero: the last attempt went well
	LastError    string    `json:"last_error"`
	LastErrorAt  time.Time `json:"last_error_at,omitzero"`
	Snapshot     time.Time `json:"snapshot,omitzero"` // when the last snapshot was begun; zero: none
}

// maxReasons bounds the losses by reason; what comes beyond them is "other".
const maxReasons = 32

// lose counts an item that will not be delivered.
func (s *Status) lose(i *Item, why Reason, now time.Time) {
	l := s.loseSome(1, why, now)
	if i.Alert {
		l.Alerts++
	}
	if i.Time == 0 { // it could not be read
		return
	}
	at := time.Unix(0, i.Time).UTC()
	if l.From.IsZero() || at.Before(l.From) {
		l.From = at
	}
	if at.After(l.Until) {
		l.Until = at
	}
}

// loseSome counts items of which nothing more is known.
func (s *Status) loseSome(n int, why Reason, now time.Time) *Loss {
	s.Undelivered += uint64(n)
	of := func(l Loss) bool { return l.Reason == why }
	i := slices.IndexFunc(s.Losses, of)
	if i < 0 && len(s.Losses) >= maxReasons {
		why = "other"
		i = slices.IndexFunc(s.Losses, of)
	}
	if i < 0 {
		i = len(s.Losses)
		s.Losses = append(s.Losses, Loss{Reason: why, First: now})
	}
	l := &s.Losses[i]
	l.Items += uint64(n)
	l.Last = now
	return l
}

// told is what of the losses the log has, by reason.
type told map[Reason]uint64

// have takes what was lost until now for told.
func (t told) have(s *Status) {
	for _, l := range s.Losses {
		t[l.Reason] = l.Items
	}
}

// tell logs what was lost since the last time, in one line.
func (t told) tell(name string, s *Status, log *slog.Logger) {
	var why []string
	n := uint64(0)
	for _, l := range s.Losses {
		if more := l.Items - t[l.Reason]; more > 0 {
			n += more
			t[l.Reason] = l.Items
			of := ""
			if !l.From.IsZero() {
				of = fmt.Sprintf(", of %s to %s", l.From.Format(time.RFC3339), l.Until.Format(time.RFC3339))
			}
			why = append(why, fmt.Sprintf("%s: %d more, %d in all, of them %d alerts%s", l.Reason, more, l.Items, l.Alerts, of))
		}
	}
	if n > 0 {
		log.Warn("export: not delivered", "export", name, "items", n, "in_all", s.Undelivered, "why", strings.Join(why, "; "))
	}
}
