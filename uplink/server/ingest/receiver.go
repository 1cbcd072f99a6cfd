package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/semaphore"

	"vigil/uplink/server/control"
	"vigil/uplink/server/limit"
	"vigil/uplink/server/live"
	"vigil/uplink/server/pki"
	"vigil/uplink/ship/protocol"
)

// Spool is the server's disk: what Append took without an error survives a crash.
type Spool interface {
	Append(c protocol.Class, events int, record []byte) error
}

// Limits is what a batch may become when it is decoded.
type Limits struct {
	Bytes  int
	Events int
}

// Check decodes a batch as far as is needed to know that it can be stored, within the
// limits, and tells how many events it holds.
type Check func(c protocol.Class, body []byte, l Limits) (events int, err error)

// Settings is what a receiver needs.
type Settings struct {
	Server    string // this server's ID among those that share the state
	State     *control.DB
	Authority *pki.Authority
	Spool     Spool
	Check     Check
	Limits    Limits
	Changes   *live.Hub    // told of sensors that come or change
	Policies  *live.Signal // fired when a policy changes
	Now       func() time.Time
	Log       *slog.Logger
}

// defaultLimits allow what an honest sensor's batch can be, tenfold.
func defaultLimits() Limits { return Limits{Bytes: 32 << 20, Events: 1 << 20} }

// bodies bounds the memory of batches that come at once.
const bodies = 64 << 20

// Receiver takes what sensors send.
type Receiver struct {
	Settings
	held   *held
	ledger *ledger
	room   *semaphore.Weighted
	rate   *limit.Buckets // requests of a sensor
	enrols *limit.Buckets // enrolments from an address
	counts Counts

	decoding chan struct{} // bounds the memory of batches that are decoded at once
}

// New makes one.
func New(s Settings) *Receiver {
	if s.Limits == (Limits{}) {
		s.Limits = defaultLimits()
	}
	return &Receiver{
		Settings: s, held: newHeld(), ledger: newLedger(), room: semaphore.NewWeighted(bodies),
		rate:   limit.New(400, 10*time.Millisecond, 1<<16, s.Now),
		enrols: limit.New(20, 3*time.Second, 1<<14, s.Now), decoding: make(chan struct{}, 2),
	}
}

// Claim says of batches in this server's spool that it stores them; see control.DB.Claim.
// The server calls it for all that its spool holds before the receiver serves, and before
// it gives a batch to the store.
func (r *Receiver) Claim(ctx context.Context, keys []control.Key) ([]bool, error) {
	mine, err := r.State.Claim(ctx, r.Server, keys)
	if err == nil {
		r.ledger.claimed(keys) // and only then
		r.held.remove(keys...)
	}
	return mine, err
}

// Route is a request that the receiver answers.
type Route struct {
	Method, Path string
	// Open routes are served without a certificate.
	Open  bool
	serve func(w http.ResponseWriter, q *http.Request, sensor string) error
}

// Routes is all there is.
func (r *Receiver) Routes() []Route {
	return []Route{
		{"POST", protocol.PathEnrol, true, r.enrol},
		{"POST", protocol.PathRenew, false, r.renew},
		{"POST", protocol.PathBatches, false, r.batch},
		{"POST", protocol.PathDrops, false, r.drops},
		{"POST", protocol.PathReport, false, r.report},
		{"GET", protocol.PathPolicy, false, r.policy},
	}
}

// Handler serves the routes. It belongs behind Authority.ServerTLS.
func (r *Receiver) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range r.Routes() {
		mux.HandleFunc(route.Method+" "+route.Path, func(w http.ResponseWriter, q *http.Request) {
			if err := r.serve(w, q, route); err != nil {
				r.refuse(w, q, err)
			}
		})
	}
	return mux
}

func (r *Receiver) serve(w http.ResponseWriter, q *http.Request, route Route) error {
	if route.Open {
		return route.serve(w, q, "")
	}
	sensor := pki.SensorOf(q.TLS)
	if sensor == "" {
		return refusal{http.StatusUnauthorized, "a sensor shows its certificate", 0}
	}
	// Asked each time: a sensor that is revoked is out with its next request, whatever
	// connections it has.
	if ok, err := r.State.Admitted(q.Context(), sensor); err != nil {
		return err
	} else if !ok {
		return refusal{http.StatusForbidden, "this sensor is not known here, or was revoked: enrol it again", 0}
	}
	if wait, ok := r.rate.Take(sensor); !ok {
		return refusal{http.StatusTooManyRequests, "too many requests of this sensor", wait}
	}
	return route.serve(w, q, sensor)
}

// refusal is an answer that says no, and after how long to come again if ever.
type refusal struct {
	status int
	detail string
	again  time.Duration
}

func (r refusal) Error() string { return r.detail }

func (r *Receiver) refuse(w http.ResponseWriter, q *http.Request, err error) {
	var no refusal
	if !errors.As(err, &no) {
		if q.Context().Err() == nil {
			r.Log.Error("request of a sensor", "path", q.URL.Path, "sensor", pki.SensorOf(q.TLS), "error", err)
		}
		no = refusal{http.StatusServiceUnavailable, "the server cannot do this now", 5 * time.Second}
	}
	r.counts.refuse(no.status)
	if no.again > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(no.again/time.Second)+1))
	}
	protocol.Refuse(w, no.status, no.detail)
}

func malformed(format string, args ...any) refusal {
	return refusal{http.StatusBadRequest, fmt.Sprintf(format, args...), 0}
}

// address is where a request comes from, without the port.
func address(q *http.Request) string {
	host, _, err := net.SplitHostPort(q.RemoteAddr)
	if err != nil {
		return q.RemoteAddr
	}
	return host
}
