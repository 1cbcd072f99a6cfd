package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/ship/protocol"
)

// ErrQuery is a query that the store does not understand.
var ErrQuery = errors.New("the query cannot be understood")

// call is one request.
type call struct {
	w       http.ResponseWriter
	q       *http.Request
	user    control.User
	session *control.Session // nil: a program with a token
	address string
	detail  string // for the audit log
	done    bool   // the handler has answered by itself
}

// refusal is an answer that says no.
type refusal struct {
	status int
	detail string
	again  time.Duration
}

func (r refusal) Error() string { return r.detail }

// answerTime is how long an answer may take to be read.
const answerTime = time.Minute

func (a *API) serve(w http.ResponseWriter, q *http.Request, r *Route) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	c := &call{w: w, q: q, address: address(q)}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime)) // tests' writers cannot
	answer, err := a.admitted(c, r)
	if err != nil {
		a.refuse(c, err)
		return
	}
	if c.done {
		return
	}
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // whom it does not reach has gone
}

// admitted does what the route is for, when this caller may.
func (a *API) admitted(c *call, r *Route) (any, error) {
	if wait, ok := a.limits.addresses.Take(c.address); !ok {
		return nil, tooMany("requests from this address", wait)
	}
	if err := a.origins.Check(c.q); err != nil {
		return nil, refusal{http.StatusForbidden, "a page of another site asks for this", 0}
	}
	if r.Role == "" {
		return r.do(a, c) // login writes the audit log by itself: it knows who tries
	}
	if err := a.identify(c); err != nil {
		return nil, err
	}
	if wait, ok := a.limits.users.Take(c.user.ID); !ok {
		return nil, tooMany("requests of this user", wait)
	}
	if !r.writes() && !r.Audited {
		if !c.user.Role.May(r.Role) {
			return nil, forbidden(r)
		}
		return r.do(a, c)
	}
	return a.audited(c, r)
}

func forbidden(r *Route) error {
	return refusal{http.StatusForbidden, fmt.Sprintf("this needs the role %s", r.Role), 0}
}

func tooMany(what string, wait time.Duration) error {
	return refusal{http.StatusTooManyRequests, "too many " + what, wait}
}

// maxDetail bounds what the audit log keeps of a request.
const maxDetail = 2000

func cut(s string) string { return s[:min(len(s), maxDetail)] }

// audited does it between two writes to the audit log: before, that it is tried, and
// after, what came of it.
func (a *API) audited(c *call, r *Route) (any, error) {
	target := c.q.PathValue("id") + c.q.PathValue("name")
	id, err := a.State.Begin(c.q.Context(), control.Audit{
		Actor: c.user.Name, Role: c.user.Role, Address: c.address, Action: r.Name, Target: cut(target), Detail: cut(c.q.URL.RawQuery),
	})
	if err != nil {
		return nil, err
	}
	var answer any
	if c.user.Role.May(r.Role) {
		answer, err = r.do(a, c)
	} else {
		err = forbidden(r)
	}
	a.finish(c, id, err)
	return answer, err
}

func (a *API) finish(c *call, id string, err error) {
	result := "ok"
	if err != nil {
		result = cut(err.Error())
	}
	// What was done is done, though the caller has gone.
	if err := a.State.Finish(withoutCancel(c), id, cut(c.detail), result); err != nil {
		a.Log.Error("the audit log does not tell how something ended", "entry", id, "result", result, "error", err)
	}
}

// refuse tells the caller what is wrong; what is wrong with the server is for its log.
func (a *API) refuse(c *call, err error) {
	var no refusal
	switch {
	case errors.As(err, &no):
	case errors.Is(err, control.ErrNotFound):
		no = refusal{http.StatusNotFound, err.Error(), 0}
	case errors.Is(err, control.ErrConflict):
		no = refusal{http.StatusConflict, err.Error(), 0}
	case errors.Is(err, control.ErrInvalid), errors.Is(err, ErrQuery):
		no = refusal{http.StatusUnprocessableEntity, err.Error(), 0}
	default:
		if c.q.Context().Err() == nil {
			a.Log.Error("request", "method", c.q.Method, "path", c.q.URL.Path, "user", c.user.Name, "error", err)
		}
		no = refusal{http.StatusInternalServerError, "the server failed: its log says why", 0}
	}
	if c.done {
		return // too late: the answer has begun
	}
	if no.again > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(no.again/time.Second)+1))
	}
	protocol.Refuse(c.w, no.status, no.detail)
}

// A request's body is bounded, a policy with its rules is the largest, and so is how long
// it may take.
const (
	maxBody  = 4 << 20
	bodyTime = 30 * time.Second
)

// read reads a request's body; what is not known is a mistake.
func (c *call) read(v any) error {
	if kind, _, err := mime.ParseMediaType(c.q.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refusal{http.StatusUnsupportedMediaType, "the body is to be application/json", 0}
	}
	slow := http.NewResponseController(c.w)
	_ = slow.SetReadDeadline(time.Now().Add(bodyTime)) // tests' writers cannot
	defer func() { _ = slow.SetReadDeadline(time.Time{}) }()
	d := json.NewDecoder(http.MaxBytesReader(c.w, c.q.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", maxBody), 0}
	}
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	if err != nil {
		return refusal{http.StatusBadRequest, fmt.Sprintf("the body cannot be read: %v", err), 0}
	}
	return nil
}

// address is where a request comes from; of IPv6 the network, since a host there has as
// many addresses as it likes.
func address(q *http.Request) string {
	host, _, err := net.SplitHostPort(q.RemoteAddr)
	if err != nil {
		return q.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if ip = ip.Unmap(); ip.Is6() {
		return netip.PrefixFrom(ip.WithZone(""), 64).Masked().String()
	}
	return ip.String()
}
