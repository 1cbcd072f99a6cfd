package console

import (
	"crypto/tls"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func ask(t *testing.T, h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	q := httptest.NewRequest(method, "https://vigil.example"+path, nil)
	q.TLS = &tls.ConnectionState{}
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	return w
}

func handler(t *testing.T) http.Handler {
	t.Helper()
	h, err := Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Every address that the page itself names is served, for ever, as what it is.
func TestAssets(t *testing.T) {
	h := handler(t)
	page := ask(t, h, "GET", "/")
	if page.Code != 200 || page.Header().Get("Cache-Control") != "no-cache" {
		t.Fatalf("the page: %d, %v", page.Code, page.Header())
	}
	named := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page.Body.String(), -1)
	if len(named) != 3 {
		t.Fatalf("the page names %v: a script, a style and an icon are wanted", named)
	}
	for _, n := range named {
		if !regexp.MustCompile(`^/assets/[a-z]+-[A-Z0-9]{8}\.(js|css|svg)$`).MatchString(n[1]) {
			t.Errorf("%s is not named by what is in it", n[1])
		}
		r := ask(t, h, "GET", n[1])
		if r.Code != 200 || r.Body.Len() == 0 || !strings.Contains(r.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %d bytes, %v", n[1], r.Code, r.Body.Len(), r.Header())
		}
		again := ask(t, h, "GET", n[1], "If-None-Match", r.Header().Get("ETag"))
		if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s again: %d, %d bytes", n[1], again.Code, again.Body.Len())
		}
	}
}

func TestAddresses(t *testing.T) {
	h := handler(t)
	for path, code := range map[string]int{
		"/": 200, "/login": 200, "/alerts": 200, "/alerts/01ABC.x": 200, "/search": 200, "/sensors/01ABC": 200, "/settings/users": 200,
		"/nothing": 404, "/alerts/a/b": 404, "/assets/": 404, "/assets/nothing.js": 404, "/assets/..%2findex.html": 404, "/index.html": 404, "/dist/index.html": 404, "/v1/me": 404,
	} {
		if r := ask(t, h, "GET", path); r.Code != code {
			t.Errorf("%s: %d, want %d", path, r.Code, code)
		}
	}
	if r := ask(t, h, "POST", "/"); r.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", r.Code)
	}
}

// Every answer, errors too, tells the browser to be careful.
func TestGuards(t *testing.T) {
	h := handler(t)
	for _, path := range []string{"/", "/nothing", "/assets/nothing.js"} {
		got := ask(t, h, "GET", path).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": Policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000",
		} {
			if got.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.Get(name))
			}
		}
	}
	for _, not := range []string{"unsafe", "*", "http", "data:", "blob:"} {
		if strings.Contains(Policy, not) {
			t.Errorf("the policy has %s", not)
		}
	}
}

// The built page has no script or style of its own, and none of the files knows a way from
// text to HTML or code, or another place to ask.
func TestNothingUnsafeIsBuilt(t *testing.T) {
	page, err := fs.ReadFile(built, "dist/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, not := range []string{"<style", " style=", " onload=", "</script><script>"} {
		if strings.Contains(string(page), not) {
			t.Errorf("the page has %s", not)
		}
	}
	// SVG's name, and hosts that there never are (RFC 2606): settings to begin with.
	harmless := regexp.MustCompile(`http://www\.w3\.org/2000/svg|https://[a-z]+\.example\b`)
	err = fs.WalkDir(built, "dist/assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(built, name)
		if err != nil {
			return err
		}
		for _, not := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "createContextualFragment", "srcdoc", "DOMParser", "@import", "https://", "http://"} {
			if clean := harmless.ReplaceAllString(string(text), ""); strings.Contains(clean, not) {
				t.Errorf("%s has %s", name, not)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
