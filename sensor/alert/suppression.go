package alert

import (
	"errors"
	"fmt"
	"time"

	"vigil/decode"
)

// Suppression says which alerts nobody needs to act on, why, and until when.
type Suppression struct {
	Rule   string // identifier of the rule; "": any
	Filter string // of the event, see decode.Filter; "": any
	Reason string
	Until  time.Time

	filter *decode.Filter
}

// Compile checks it and makes it ready.
func (s *Suppression) Compile() error {
	switch {
	case s.Rule == "" && s.Filter == "":
		return errors.New("suppress: without a rule or a filter all alerts would be dismissed: give one")
	case s.Reason == "":
		return errors.New("suppress: no reason: say why nobody needs to act")
	case s.Until.IsZero():
		return errors.New("suppress: no end: give until, such as 2027-01-31")
	}
	var err error
	if s.filter, err = decode.ParseFilter(s.Filter); err != nil {
		return fmt.Errorf("suppress: %w", err)
	}
	return nil
}

// Dismisses gives the suppression that an alert about the event falls under; nil: none.
func (b *Book) Dismisses(rule string, r decode.Record, a *decode.Actor, at time.Time) *Suppression {
	for _, s := range b.dismiss {
		if (s.Rule == "" || s.Rule == rule) && at.Before(s.Until) && (s.Filter == "" || s.filter.Match(r, a)) {
			return s
		}
	}
	return nil
}
