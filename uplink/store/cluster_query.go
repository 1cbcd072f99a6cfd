package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vigil/uplink/store/flat"
)

// Query implements Store. Syntax is looked at here, so that it is told alike by every
// store; a node that does not answer fails the query.
func (c *Cluster) Query(ctx context.Context, q Query, give func(Result) bool) error {
	q, err := q.bounds()
	if err != nil {
		return err
	}
	p, err := parse(q.LogsQL, time.Now())
	if err != nil {
		return err
	}
	q.restrict(p)
	form := url.Values{"timeout": {q.Within.String()}}
	if p.newest() {
		q.Limit = min(q.Limit, MostNewest)
		form.Set("limit", strconv.Itoa(q.Limit))
	} else {
		p.first(q.Limit)
	}
	form.Set("query", p.text())
	ctx, cancel := context.WithTimeoutCause(ctx, q.Within, ErrSlow)
	defer cancel()
	err = c.ask(ctx, form, q.Limit, give)
	if err != nil { // a node may be away
		c.doubt()
	}
	if late := over(ctx, q.Within); late != nil && err != nil {
		return late
	}
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return nil
}

func (c *Cluster) ask(ctx context.Context, form url.Values, limit int, give func(Result) bool) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.settings.Select+"/select/logsql/query", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := c.do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }() // what was read is good whatever it says
	lines := bufio.NewReaderSize(answer, 64<<10)
	f := flat.New(nil)
	for n := 0; n < limit; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		f.Fields = f.Fields[:0]
		if err := f.Object(line); err != nil {
			return fmt.Errorf("a line of the answer: %w", err)
		}
		if !give(Result{f.Fields}) {
			return nil
		}
	}
	return nil
}
