package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil/uplink/server/control"
)

func TestCookie(t *testing.T) {
	w := newWorld(t)
	c := w.browser()
	r, err := c.http.Do(c.request("POST", "/v1/login", m{"user": "viewer", "password": password}))
	must(t, err)
	must(t, r.Body.Close())
	got := r.Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-vigil=", "Path=/", "HttpOnly", "Secure", "SameSite=Strict"} {
		if !strings.Contains(got, want) {
			t.Errorf("the cookie %q has no %s", got, want)
		}
	}
	if strings.Contains(got, "Domain=") {
		t.Errorf("the cookie goes to other hosts: %s", got)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A page of another site has the cookie at best, and changes nothing.
func TestForgedRequests(t *testing.T) {
	w := newWorld(t)
	c := w.as(control.Admin)
	other := w.as(control.Admin)
	for name, forge := range map[string]func(*http.Request){
		"without the token":        func(q *http.Request) { q.Header.Del("X-CSRF-Token") },
		"with an empty one":        func(q *http.Request) { q.Header.Set("X-CSRF-Token", "") },
		"with another session's":   func(q *http.Request) { q.Header.Set("X-CSRF-Token", other.csrf) },
		"from another site":        func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") },
		"from another origin":      func(q *http.Request) { q.Header.Set("Origin", "https://evil.example") },
		"from a sibling of ours":   func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "same-site") },
		"by a form from elsewhere": func(q *http.Request) { q.Header.Set("Origin", "null"); q.Header.Set("Content-Type", "text/plain") },
	} {
		q := c.request("POST", "/v1/users", m{"name": "mallory", "role": "admin", "password": password})
		forge(q)
		if status := c.send(q); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, status, c.last)
		}
	}
	q := c.request("POST", "/v1/login", m{"user": "viewer", "password": password})
	q.Header.Set("Sec-Fetch-Site", "cross-site")
	if status := c.send(q); status != http.StatusForbidden {
		t.Errorf("another site logs somebody in: %d", status)
	}
	users, err := w.state.Users(t.Context())
	must(t, err)
	if slices.ContainsFunc(users, func(u control.User) bool { return u.Name == "mallory" }) {
		t.Error("mallory was added")
	}
}

func TestLoginIsThrottled(t *testing.T) {
	w := newWorld(t)
	c := w.browser()
	wrong := m{"user": "admin", "password": "wrong"}
	tries := 0
	for ; c.send(c.request("POST", "/v1/login", wrong)) == http.StatusUnauthorized; tries++ {
		if strings.Contains(string(c.last), "admin") {
			t.Fatalf("the answer tells of the user: %s", c.last)
		}
	}
	if tries != 10 {
		t.Errorf("%d wrong passwords for one user are tried", tries)
	}
	c.do("POST", "/v1/login", m{"user": "admin", "password": password}, 429)
	for tries = 0; c.send(c.request("POST", "/v1/login", m{"user": "u" + strings.Repeat("x", tries), "password": "wrong"})) == http.StatusUnauthorized; tries++ {
	}
	if tries == 0 || tries > 20 {
		t.Errorf("%d users are tried from one address", tries)
	}
	w.pass(time.Minute)
	c.do("POST", "/v1/login", m{"user": "admin", "password": password}, 200)
	log, err := w.state.AuditLog(t.Context(), "admin", "login", "", 100)
	must(t, err)
	if len(log) != 11 || log[0].Result != "ok" || log[1].Result == "ok" {
		t.Errorf("%d logins in the audit log, the last two %v", len(log), log[:2])
	}
}

func TestRatesAreBounded(t *testing.T) {
	w := newWorld(t)
	stranger := w.browser()
	n := 0
	for stranger.bearer = "vigil_guess"; stranger.send(stranger.request("GET", "/v1/me", nil)) == http.StatusUnauthorized; n++ {
	}
	if n != 30 {
		t.Errorf("%d tokens are guessed from one address", n)
	}
	c := w.as(control.Viewer) // a good login is not hindered by it
	for n = 0; c.send(c.request("GET", "/v1/me", nil)) == http.StatusOK; n++ {
		if n > 1000 {
			t.Fatal("a thousand requests at once")
		}
	}
	if n != 200 {
		t.Errorf("%d requests at once of one user", n)
	}
}

// Whoever is made less, disabled or logged out is so at once.
func TestRightsEndAtOnce(t *testing.T) {
	w := newWorld(t)
	admin, c := w.as(control.Admin), w.as(control.Operator)
	c.do("GET", "/v1/me", nil, 200)
	users := admin.do("GET", "/v1/users", nil, 200)["users"].([]any)
	for _, u := range users {
		if u := u.(m); u["name"] == "operator" {
			admin.do("PATCH", "/v1/users/"+u["id"].(string), m{"disabled": true}, 200)
		}
		if u := u.(m); u["name"] == "admin" {
			admin.do("PATCH", "/v1/users/"+u["id"].(string), m{"disabled": true}, 422)
		}
	}
	c.do("GET", "/v1/me", nil, 401)
	c.do("POST", "/v1/login", m{"user": "operator", "password": password}, 401)
	w.pass(control.SessionLife)
	admin.do("GET", "/v1/me", nil, 401)
}
