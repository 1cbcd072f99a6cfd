package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// load is what was added between two flushes. Its rows carry its name, so that what an
// earlier load left of a batch is not taken for this one's.
type load struct {
	id    string
	users sync.WaitGroup

	lock        sync.Mutex
	rows        map[batchName]map[uint32]bool
	first, last int64 // times of its rows
}

type batchName struct {
	sensor          string
	epoch, sequence uint64
}

// load gives the one that takes rows; the caller says Done to its users.
func (c *Cluster) load() *load {
	c.lock.Lock()
	defer c.lock.Unlock()
	if len(c.loads) == 0 {
		c.begin()
	}
	l := c.loads[len(c.loads)-1]
	l.users.Add(1)
	return l
}

func (c *Cluster) begin() {
	c.loads = append(c.loads, &load{id: fmt.Sprintf("%016x", rand.Uint64()), rows: map[batchName]map[uint32]bool{}})
}

func (l *load) note(rows []Row) {
	l.lock.Lock()
	defer l.lock.Unlock()
	for i := range rows {
		b := batchName{rows[i].Sensor, rows[i].Epoch, rows[i].Sequence}
		if l.rows[b] == nil {
			l.rows[b] = map[uint32]bool{}
		}
		l.rows[b][rows[i].Index] = true
	}
}

func (l *load) forget(rows []Row) {
	l.lock.Lock()
	defer l.lock.Unlock()
	for i := range rows {
		b := batchName{rows[i].Sensor, rows[i].Epoch, rows[i].Sequence}
		if delete(l.rows[b], rows[i].Index); len(l.rows[b]) == 0 {
			delete(l.rows, b)
		}
	}
}

func (l *load) reach(at int64) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.first == 0 || at < l.first {
		l.first = at
	}
	l.last = max(l.last, at)
}

// doubt is that rows may be on their way of which nobody knows: for a second in the front
// and another in a node, as after a server was killed; but longer after an error, for it
// may be that no node takes them, and then the front leaves them alone for ten seconds.
func (c *Cluster) doubt() {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.settled = time.Now().Add(3 * c.settings.Settle)
}

// settle waits until all that was sent can be found: by a server, too, that was killed.
func (c *Cluster) settle(ctx context.Context) error {
	for {
		c.lock.Lock()
		wait := time.Until(c.settled)
		c.lock.Unlock()
		if wait <= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// Flush implements Store. Rows may be added meanwhile: they are for the next. After an
// error what was added is still to be flushed, but for ErrMissing.
func (c *Cluster) Flush(ctx context.Context) error {
	c.lock.Lock()
	loads := slices.Clone(c.loads)
	if len(loads) > 0 {
		c.begin()
	}
	c.lock.Unlock()
	rows := 0
	for _, l := range loads {
		l.users.Wait()
		rows += len(l.rows)
	}
	if err := c.await(ctx, loads); err != nil {
		return c.ended(loads, err)
	}
	if rows > 0 {
		// A row that is found may lie in a node's memory: for Interval until it is due, and
		// for another until the node looks.
		select {
		case <-ctx.Done():
			return fmt.Errorf("flush: %w", context.Cause(ctx))
		case <-time.After(2*c.settings.Interval + time.Second):
		}
	}
	return c.ended(loads, c.await(ctx, loads))
}

// ended takes loads off that are flushed, or lost.
func (c *Cluster) ended(loads []*load, err error) error {
	if err != nil && !errors.Is(err, ErrMissing) {
		return fmt.Errorf("flush: %w", err)
	}
	c.lock.Lock()
	c.loads = slices.DeleteFunc(c.loads, func(l *load) bool { return slices.Contains(loads, l) })
	c.lock.Unlock()
	if err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

// await waits until all rows of the loads are found.
func (c *Cluster) await(ctx context.Context, loads []*load) error {
	for began := time.Now(); ; {
		missing := 0
		for _, l := range loads {
			n, err := c.missing(ctx, l)
			if err != nil {
				return err
			}
			missing += n
		}
		if missing == 0 {
			return nil
		}
		if time.Since(began) > c.settings.Patience {
			return fmt.Errorf("%w: %d are not found after %s", ErrMissing, missing, c.settings.Patience)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// missing counts a load's rows that are not found.
func (c *Cluster) missing(ctx context.Context, l *load) (int, error) {
	if len(l.rows) == 0 {
		return 0, nil
	}
	found := map[batchName]int{}
	q := Query{
		LogsQL: fmt.Sprintf("%s:=%s | stats by (%s, %s, %s) count_uniq(%s) rows", FieldLoad, quote(l.id), FieldSensor, FieldEpoch, FieldSequence, FieldIndex),
		Since:  time.Unix(0, l.first), Until: time.Unix(0, l.last+1), Limit: MostRows,
	}
	err := c.Query(ctx, q, func(r Result) bool {
		found[batchName{strings.Clone(r.Get(FieldSensor)), r.number(FieldEpoch), r.number(FieldSequence)}] = int(r.number("rows"))
		return true
	})
	if err != nil {
		return 0, err
	}
	missing := 0
	for b, rows := range l.rows {
		missing += max(0, len(rows)-found[b])
	}
	return missing, nil
}

// Expire deletes what its class's retention is over for. The front must run with
// -delete.enable, and the nodes with -internaldelete.enable; what is kept longest goes
// by the nodes' own -retentionPeriod.
func (c *Cluster) Expire(ctx context.Context, now time.Time) error {
	const bulk = "file_.*|mmap|mprotect|connect|accept|bind|listen|flow_end|datagram|raw_socket|dns"
	for class, kinds := range map[Class]string{
		Bulk: `=~"` + bulk + `"`, Alerts: "=" + quote(KindAlert), Processes: `!~"` + bulk + "|" + KindAlert + `"`,
	} {
		last := now.Add(-c.settings.Retention[class]).UTC().Format(time.RFC3339)
		filter := fmt.Sprintf(`{"%s"%s} _time:<%s`, FieldKind, kinds, last)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.settings.Select+"/delete/run_task?"+url.Values{"filter": {filter}}.Encode(), nil)
		if err != nil {
			return fmt.Errorf("expire %s: %w", class, err)
		}
		answer, err := c.do(r)
		if err != nil {
			return fmt.Errorf("expire %s: %w", class, err)
		}
		if err := answer.Close(); err != nil {
			return fmt.Errorf("expire %s: %w", class, err)
		}
	}
	return nil
}
