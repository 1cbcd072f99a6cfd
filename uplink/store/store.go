package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigil/decode"
)

// Row is one event or alert of a batch that a sensor sent: an event by its record, an
// alert by its JSON.
type Row struct {
	Time     int64 // ns since 1970, UTC
	Sensor   string
	Epoch    uint64
	Sequence uint64
	Index    uint32 // its place in the batch
	Kind     string // decode.Kind's name, or KindAlert
	Record   decode.Record
	Actor    *decode.Actor // who did what the record tells
	JSON     []byte        // without a record: one object, as detect.Alert.AppendJSON and decode.AppendJSON write it
}

// AppendJSON appends the row's object.
func (r *Row) AppendJSON(dst []byte) []byte {
	if r.Record.Header == nil {
		return append(dst, r.JSON...)
	}
	return decode.AppendJSON(dst, r.Record, r.Actor)
}

// Store keeps rows and finds them again. Its methods may be called at the same time.
type Store interface {
	// Add takes rows. Their bytes may be used again when it returns. After an error some
	// of them may be in the store: Missing tells which are not. One call uses one
	// processor.
	Add(ctx context.Context, rows []Row) error
	// Flush returns when all that Add took before is durable and can be found. Only then
	// may the caller forget it.
	Flush(ctx context.Context) error
	// Query gives what matches, until there is no more or give returns false. A Result
	// and its fields are valid until give returns; give is called by one goroutine at a time.
	Query(ctx context.Context, q Query, give func(Result) bool) error
	Close() error
}

// Query is a question in LogsQL, https://docs.victoriametrics.com/victorialogs/logsql/.
type Query struct {
	LogsQL string
	Since  time.Time     // from when on; zero: from the first
	Until  time.Time     // before when; zero: to the last
	Limit  int           // rows; 0: DefaultLimit. A query without pipes gives its newest rows, the newest first, MostNewest at most
	Within time.Duration // how long it may take; 0: DefaultWithin
}

// What a query gets that names no bounds, and the most that it can have.
const (
	DefaultLimit  = 1_000
	MostRows      = 1_000_000
	MostNewest    = 10_000 // who wants more asks again, until the last that came
	DefaultWithin = 30 * time.Second
)

// Field is a name and what it has, always text.
type Field = decode.Field

func field(name, value string) Field { return Field{Name: name, Value: value} }

// Result is what was found: a row, or what LogsQL's pipes made of rows.
type Result struct{ Fields []Field }

// Get gives a field's value; "" for one that is not there.
func (r Result) Get(name string) string {
	for i := range r.Fields {
		if r.Fields[i].Name == name {
			return r.Fields[i].Value
		}
	}
	return ""
}

// Time is when it happened; zero for what has no time.
func (r Result) Time() time.Time {
	t, err := time.Parse(time.RFC3339Nano, r.Get(FieldTime))
	if err != nil {
		return time.Time{}
	}
	return t
}

// The errors that callers tell apart.
var (
	ErrFull   = errors.New("the disk has less free space than the store leaves")
	ErrClosed = errors.New("the store is closed")
	ErrSlow   = errors.New("the query's time is over")
)

// SyntaxError is a query that is no LogsQL.
type SyntaxError struct {
	Query  string
	Offset int // bytes of Query until where it went wrong; -1: not known
	Reason string
}

func (e *SyntaxError) Error() string {
	if e.Offset < 0 {
		return "query: " + e.Reason
	}
	return fmt.Sprintf("query: at character %d, %s: %s", len([]rune(e.Query[:e.Offset]))+1, e.place(), e.Reason)
}

func (e *SyntaxError) place() string {
	const most = 24
	before, after := []rune(e.Query[:e.Offset]), []rune(e.Query[e.Offset:])
	if len(after) == 0 {
		return fmt.Sprintf("the end, after %q", string(before[max(0, len(before)-most):]))
	}
	return fmt.Sprintf("before %q", string(after[:min(most, len(after))]))
}

// bounds puts a query's limits where the caller gave none, or too much.
func (q Query) bounds() (Query, error) {
	if q.Limit < 0 || q.Within < 0 {
		return q, fmt.Errorf("query: a limit below zero: %d rows, %s", q.Limit, q.Within)
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	q.Limit = min(q.Limit, MostRows)
	if q.Within == 0 {
		q.Within = DefaultWithin
	}
	return q, nil
}

// over tells why a query ended before its end: nil when it did not.
func over(ctx context.Context, within time.Duration) error {
	switch err := context.Cause(ctx); {
	case err == nil:
		return nil
	case errors.Is(err, ErrSlow):
		return fmt.Errorf("query: %w: %s", ErrSlow, within)
	default:
		return fmt.Errorf("query: %w", err)
	}
}
