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
	ReasonMalformed Reason = "no JSON object in one line"
	ReasonTooLarge  Reason = "too large for the destination"
	ReasonGivenUp   Reason = "given up after retries"
	ReasonStopped   Reason = "exporter stopped"
	ReasonUnnamed   Reason = "refused: destination tells how many, not which"
)

// Loss is what was not delivered for one reason.
type Loss struct {
	Reason      Reason
	Items       uint64    // alerts and events
	Alerts      uint64    // of them; of ReasonUnnamed not known, and 0
	First, Last time.Time // when it happened
	From, Until time.Time // of the items' own times
}

// Status is how an exporter does. Offered = Filtered + Queued + Sending + Delivered +
// Undelivered.
type Status struct {
	Name         string
	Destination  string // what it is and where, without secrets
	Confirmed    string // what stands behind Delivered: the words of doc.go
	Offered      uint64
	Filtered     uint64
	Queued       uint64
	QueuedBytes  uint64
	Sending      uint64
	Delivered    uint64
	Undelivered  uint64
	Losses       []Loss // Undelivered by reason, as they came up first
	Attempts     uint64
	Failures     uint64 // attempts after which something was to be sent again
	LastDelivery time.Time
	FailingSince time.Time // zero: the last attempt went well
	LastError    string
	LastErrorAt  time.Time
	Snapshot     time.Time // when the last snapshot was begun; zero: none
}

// maxReasons bounds the losses by reason; what comes beyond them is "other".
const maxReasons = 32

// lose counts an item that will not be delivered.
func (s *Status) lose(i *Item, why Reason, now time.Time) {
	l := s.loseSome(1, why, now)
	if i.Alert {
		l.Alerts++
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

// tell logs what was lost since the last time, in one line.
func (t told) tell(s *Status, log *slog.Logger) {
	var why []string
	n := uint64(0)
	for _, l := range s.Losses {
		if more := l.Items - t[l.Reason]; more > 0 {
			n += more
			t[l.Reason] = l.Items
			why = append(why, fmt.Sprintf("%s: %d more, %d in all, of them %d alerts, of %s to %s", l.Reason, more, l.Items, l.Alerts,
				l.From.Format(time.RFC3339), l.Until.Format(time.RFC3339)))
		}
	}
	if n > 0 {
		log.Warn("export: not delivered", "export", s.Name, "items", n, "in_all", s.Undelivered, "why", strings.Join(why, "; "))
	}
}
