package api

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"vigil/uplink/server/control"
)

// cookie has the prefix that makes browsers insist: sent only over TLS, and set by this
// host only.
const cookie = "__Host-vigil"

// csrf is the header that a page of ours sends and a page of others cannot.
const csrf = "X-CSRF-Token"

func withoutCancel(c *call) context.Context { return context.WithoutCancel(c.q.Context()) }

// identify finds out who calls, and that a browser calls for a page of ours.
func (a *API) identify(c *call) error {
	err := a.vouched(c)
	if err == nil || !errors.Is(err, control.ErrNotFound) {
		return err
	}
	if wait, ok := a.limits.strangers.Take(c.address); !ok {
		return tooMany("requests from this address without a valid login", wait)
	}
	return refusal{http.StatusUnauthorized, "log in, or send an API token", 0}
}

// vouched gives ErrNotFound for who has neither a session nor a token.
func (a *API) vouched(c *call) (err error) {
	ctx := c.q.Context()
	if h := c.q.Header.Get("Authorization"); h != "" {
		secret, ok := strings.CutPrefix(h, "Bearer ")
		if !ok || !strings.HasPrefix(secret, control.TokenPrefix) {
			return control.ErrNotFound
		}
		c.user, err = a.State.Bearer(ctx, secret)
		return err
	}
	k, err := c.q.Cookie(cookie)
	if err != nil {
		return control.ErrNotFound
	}
	s, u, err := a.State.Session(ctx, k.Value)
	if err != nil {
		return err
	}
	c.session, c.user = &s, u
	if safe := c.q.Method == http.MethodGet; !safe && subtle.ConstantTimeCompare([]byte(c.q.Header.Get(csrf)), []byte(s.CSRF)) != 1 {
		return refusal{http.StatusForbidden, "the header " + csrf + " is not the session's", 0}
	}
	return nil
}

// me is who the caller is.
type me struct {
	User control.User `json:"user"`
	CSRF string       `json:"csrf,omitempty"`
}

func (a *API) login(c *call) (any, error) {
	var m struct {
		User     string `json:"user"`
		Password string `json:"password"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	m.User = m.User[:min(len(m.User), 64)]
	if wait, ok := a.limits.logins.Take(c.address); !ok {
		return nil, tooMany("logins from this address", wait)
	}
	if wait, ok := a.limits.names.Take(m.User); !ok {
		return nil, tooMany("wrong passwords for this user", wait)
	}
	id, err := a.State.Begin(c.q.Context(), control.Audit{Actor: m.User, Address: c.address, Action: "login", Target: m.User})
	if err != nil {
		return nil, err
	}
	answer, err := a.begin(c, m.User, m.Password)
	a.finish(c, id, err)
	if err == nil {
		a.limits.logins.Return(c.address)
		a.limits.names.Return(m.User)
	}
	return answer, err
}

func (a *API) begin(c *call, user, password string) (any, error) {
	u, err := a.State.CheckPassword(c.q.Context(), user, password)
	if errors.Is(err, control.ErrNotFound) {
		return nil, refusal{http.StatusUnauthorized, "there is no such user, or the password is another", 0}
	} else if err != nil {
		return nil, err
	}
	s, secret, err := a.State.Login(c.q.Context(), u, c.address)
	if err != nil {
		return nil, err
	}
	setCookie(c.w, secret, int(control.SessionLife/time.Second))
	return me{u, s.CSRF}, nil
}

// setCookie keeps the session's secret where scripts cannot read it.
func setCookie(w http.ResponseWriter, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func (a *API) logout(c *call) (any, error) {
	if c.session == nil {
		return nil, refusal{http.StatusUnprocessableEntity, "a token does not log out: delete it", 0}
	}
	setCookie(c.w, "", -1)
	return nil, a.State.Logout(c.q.Context(), *c.session)
}

func (a *API) me(c *call) (any, error) {
	if c.session == nil {
		return me{User: c.user}, nil
	}
	return me{c.user, c.session.CSRF}, nil
}

func (a *API) setPassword(c *call) (any, error) {
	var m struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	if c.session == nil {
		return nil, refusal{http.StatusForbidden, "a token does not change its user's password", 0}
	}
	if wait, ok := a.limits.names.Take(c.user.Name); !ok {
		return nil, tooMany("wrong passwords for this user", wait)
	}
	if err := a.State.SetPassword(c.q.Context(), c.user, m.Old, m.New); err != nil {
		return nil, err
	}
	a.limits.names.Return(c.user.Name)
	setCookie(c.w, "", -1) // all sessions have ended: log in with the new one
	return nil, nil
}
