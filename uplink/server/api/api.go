package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/server/limit"
	"vigil/uplink/server/live"
)

// Events is the store of events, as it is asked here. A query that cannot be understood
// gives an error that is ErrQuery.
type Events interface {
	// Search gives what a query finds, the newest first.
	Search(ctx context.Context, q Query, each func(Event) error) error
	// Histogram counts what a query finds, by kind and time.
	Histogram(ctx context.Context, q Query, step time.Duration) ([]Bucket, error)
}

// Processes is the store of events, as it is asked about a process.
type Processes interface {
	// Tree gives a process, what it came from and what came from it, at most so many.
	Tree(ctx context.Context, sensor, execID string, most int) (Tree, error)
	// Around gives the events of a sensor about a time, in their order.
	Around(ctx context.Context, a Around, each func(Event) error) error
}

// Query asks for events.
type Query struct {
	Text     string // LogsQL
	From, To time.Time
	Limit    int
}

// Around asks for events about a time.
type Around struct {
	Sensor string
	At     time.Time
	Span   time.Duration // before and after it
	ExecID string        // of that process only, unless ""
	Limit  int
}

// Event is one, as OCSF; or what a query made of some, which has no time, sensor or kind.
type Event struct {
	Time   time.Time       `json:"time,omitzero"`
	Sensor string          `json:"sensor,omitempty"`
	Kind   string          `json:"kind,omitempty"`
	Event  json.RawMessage `json:"event"`
}

// Bucket is how many events of a kind there are from a time on.
type Bucket struct {
	Time  time.Time `json:"time"`
	Kind  string    `json:"kind"`
	Count uint64    `json:"count"`
}

// Process is an image of a process: what an exec ID names.
type Process struct {
	ExecID   string    `json:"exec_id"`
	Parent   string    `json:"parent"`   // the exec ID of what made its process
	Previous string    `json:"previous"` // the exec ID that its process had before; "": not known
	Depth    int       `json:"depth"`    // 0 for the one asked for, below 0 for those that it came from
	Kind     string    `json:"kind"`     // of the event that tells of it
	Time     time.Time `json:"time"`
	Ended    time.Time `json:"ended,omitzero"`
	ExitCode string    `json:"exit_code"`
	PID      uint64    `json:"pid"`
	Name     string    `json:"name"`
	Path     string    `json:"path"`
	Command  string    `json:"command"`
	User     string    `json:"user"`
}

// Tree is processes, the farthest ancestor first.
type Tree struct {
	Processes []Process `json:"processes"`
	More      bool      `json:"more"` // the limit cut it
}

// Settings is what an API needs.
type Settings struct {
	State     *control.DB
	Events    Events
	Processes Processes
	Exports   Exports
	Changes   *live.Hub
	Policies  *live.Signal
	Token     func(secret string) string // what a host is given to enrol with
	Rates     func() Rates
	Metrics   http.Handler // for Prometheus; nil: none
	Version   string
	Now       func() time.Time
	Heartbeat time.Duration // of live updates; 0: 15 s
	Log       *slog.Logger
}

// Rates is what comes in.
type Rates struct {
	Events  float64 `json:"events"` // a second, of the last minute
	Bytes   float64 `json:"bytes"`
	Refused uint64  `json:"refused"` // batches, since the server began
}

// API answers.
type API struct {
	Settings
	origins *http.CrossOriginProtection
	limits  limits
	text    []byte // openapi.yaml as JSON
}

// limits bound what one user or address can ask for.
type limits struct {
	users, addresses *limit.Buckets // requests
	strangers        *limit.Buckets // requests of an address that nobody vouches for
	logins, names    *limit.Buckets // wrong passwords from an address, for a user
}

// New makes one.
func New(s Settings) (*API, error) {
	if s.Heartbeat == 0 {
		s.Heartbeat = 15 * time.Second
	}
	text, err := document()
	if err != nil {
		return nil, err
	}
	const keys = 1 << 14
	return &API{Settings: s, origins: http.NewCrossOriginProtection(), text: text, limits: limits{
		users:     limit.New(200, 20*time.Millisecond, keys, s.Now),
		addresses: limit.New(400, 10*time.Millisecond, keys, s.Now),
		strangers: limit.New(30, time.Second, keys, s.Now),
		logins:    limit.New(20, 15*time.Second, keys, s.Now),
		names:     limit.New(10, 30*time.Second, keys, s.Now),
	}}, nil
}

// Handler serves the routes.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range Routes() {
		mux.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, q *http.Request) { a.serve(w, q, &r) })
	}
	return mux
}
