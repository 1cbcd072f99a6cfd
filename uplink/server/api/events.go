package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vigil/uplink/server/control"
)

// page is how events are answered: more tells that the limit cut it.
type page struct {
	Events []Event `json:"events"`
	More   bool    `json:"more"`
}

// errEnough ends a query that has what it asked for.
var errEnough = errors.New("enough")

// maxPage bounds the memory of one answer.
const maxPage = 32 << 20

// collect asks for limit events and one, to know whether there are more.
func collect(limit int, ask func(limit int, each func(Event) error) error) (any, error) {
	p, size := page{Events: []Event{}}, 0
	err := ask(limit+1, func(e Event) error {
		if size += len(e.Event); len(p.Events) == limit || size > maxPage {
			p.More = true
			return errEnough
		}
		p.Events = append(p.Events, e)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return p, nil
}

func (a *API) events(c *call) (any, error) {
	p := c.parameters()
	q := Query{Text: cmp.Or(p.text("query"), "*"), From: p.time("from"), To: p.time("to"), Limit: p.number("limit", 100, 5000)}
	if p.err != nil {
		return nil, p.err
	}
	return collect(q.Limit, func(limit int, each func(Event) error) error {
		q.Limit = limit
		return a.Events.Search(c.q.Context(), q, each)
	})
}

// maxBuckets bounds a histogram.
const maxBuckets = 2000

func (a *API) histogram(c *call) (any, error) {
	p := c.parameters()
	q := Query{Text: cmp.Or(p.text("query"), "*"), From: p.time("from"), To: p.time("to")}
	step := p.duration("step", time.Minute, 366*24*time.Hour)
	if q.From.IsZero() || !q.To.After(q.From) || q.To.Sub(q.From)/max(step, 1) > maxBuckets {
		p.fail("step", fmt.Sprintf("from, to and a step that makes at most %d parts are needed", maxBuckets))
	}
	if p.err != nil {
		return nil, p.err
	}
	all, err := a.Events.Histogram(c.q.Context(), q, step)
	if all == nil {
		all = []Bucket{}
	}
	return map[string]any{"buckets": all}, err
}

func (a *API) tree(c *call) (any, error) {
	p := c.parameters()
	limit := p.number("limit", 1000, 5000)
	if p.err != nil {
		return nil, p.err
	}
	exec := c.q.PathValue("exec")
	if !execID(exec) {
		return nil, refusal{http.StatusBadRequest, "an exec ID has 16 hexadecimal digits", 0}
	}
	if _, err := a.State.Sensor(c.q.Context(), c.q.PathValue("id")); err != nil {
		return nil, err
	}
	tree, err := a.Processes.Tree(c.q.Context(), c.q.PathValue("id"), exec, limit)
	if tree.Processes == nil {
		tree.Processes = []Process{}
	}
	return tree, err
}

func execID(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == 16
}

func (a *API) timeline(c *call) (any, error) {
	p := c.parameters()
	q := Around{Sensor: c.q.PathValue("id"), At: p.time("at"), Span: p.duration("span", time.Minute, 24*time.Hour), ExecID: p.text("exec"), Limit: p.number("limit", 500, 5000)}
	if q.At.IsZero() {
		p.fail("at", "is needed")
	}
	if q.ExecID != "" && !execID(q.ExecID) {
		p.fail("exec", "16 hexadecimal digits are wanted")
	}
	if p.err != nil {
		return nil, p.err
	}
	if _, err := a.State.Sensor(c.q.Context(), q.Sensor); err != nil {
		return nil, err
	}
	return collect(q.Limit, func(limit int, each func(Event) error) error {
		q.Limit = limit
		return a.Processes.Around(c.q.Context(), q, each)
	})
}

func (a *API) searches(c *call) (any, error) {
	all, err := a.State.Searches(c.q.Context())
	return map[string]any{"searches": all}, err
}

func (a *API) saveSearch(c *call) (any, error) {
	var m struct {
		Name  string `json:"name"`
		Query string `json:"query"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	if err := needed(map[string]string{"name": m.Name, "query": m.Query}); err != nil {
		return nil, err
	}
	c.note("name", m.Name)
	return a.State.SaveSearch(c.q.Context(), control.Search{Name: m.Name, Query: m.Query, Author: c.user.Name})
}

func (a *API) deleteSearch(c *call) (any, error) {
	return nil, a.State.DeleteSearch(c.q.Context(), c.q.PathValue("id"))
}
