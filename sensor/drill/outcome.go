package drill

import (
	"slices"

	"vigil/sensor/simulate"
)

// Outcome is what became of a playbook, as JSON.
type Outcome struct {
	Name   string   `json:"name"`
	Does   string   `json:"does"`
	Rules  []string `json:"rules"`
	Blind  string   `json:"blind,omitempty"` // what cannot be seen in this tier, and why
	Seen   []Sight  `json:"seen"`
	Silent []string `json:"silent"` // rules whose alert did not come
	Err    error    `json:"-"`      // why it could not be played to its end
}

// Sight is an alert that came.
type Sight struct {
	Rule    string `json:"rule"`
	Latency int64  `json:"latency_ms"` // from the event to here
	Folded  bool   `json:"folded,omitempty"`
}

func outcomeOf(p simulate.Playbook) Outcome {
	return Outcome{Name: p.Name, Does: p.Does, Rules: p.Rules, Seen: []Sight{}, Silent: slices.Clone(p.Rules)}
}

// see notes that a rule has raised its alert.
func (o *Outcome) see(rule string, latency int64, folded bool) {
	if i := slices.Index(o.Silent, rule); i >= 0 {
		o.Silent = slices.Delete(o.Silent, i, i+1)
		o.Seen = append(o.Seen, Sight{rule, latency, folded})
	}
}

// Tally counts outcomes.
type Tally struct {
	All, Blind, Failed int
	latencies          []int64 // sorted
}

// Add counts one.
func (t *Tally) Add(o *Outcome) {
	t.All++
	switch {
	case o.Err != nil, len(o.Silent) > 0 && o.Blind == "":
		t.Failed++
	case len(o.Silent) > 0:
		t.Blind++
	}
	for _, s := range o.Seen {
		if !s.Folded {
			i, _ := slices.BinarySearch(t.latencies, s.Latency)
			t.latencies = slices.Insert(t.latencies, i, s.Latency)
		}
	}
}

// Raised is how many raised all their alerts.
func (t *Tally) Raised() int { return t.All - t.Blind - t.Failed }

// Quantile is the latency in ms that so many of 100 alerts keep; false: none came.
func (t *Tally) Quantile(percent int) (ms int64, ok bool) {
	if len(t.latencies) == 0 {
		return 0, false
	}
	return t.latencies[(len(t.latencies)*percent-1)/100], true
}
