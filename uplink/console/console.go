package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed all:dist
var built embed.FS

// Policy is what a page may do: run and show what comes from here, and nothing else. The
// browser itself refuses to make HTML or scripts of text (trusted types).
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// pages are the addresses that a person can open: the one page serves them all, and shows
// what the address says.
func pages() []string {
	return []string{"/{$}", "/login", "/alerts", "/alerts/{id}", "/search", "/sensors", "/sensors/{id}", "/settings", "/settings/{part}"}
}

// file is one that is served.
type file struct {
	kind, tag string
	body      []byte
}

// Handler serves the console at the root of an address that has the API below /v1.
func Handler() (http.Handler, error) {
	files, err := read(built)
	if err != nil {
		return nil, fmt.Errorf("read the console: %w", err)
	}
	index, ok := files["index.html"]
	if !ok {
		return nil, fmt.Errorf("read the console: index.html: %w", fs.ErrNotExist)
	}
	mux := http.NewServeMux()
	for _, p := range pages() {
		mux.HandleFunc("GET "+p, func(w http.ResponseWriter, q *http.Request) { index.serve(w, q, "no-cache") })
	}
	mux.HandleFunc("GET /assets/{name}", func(w http.ResponseWriter, q *http.Request) {
		f, ok := files["assets/"+q.PathValue("name")]
		if !ok {
			http.NotFound(w, q)
			return
		}
		f.serve(w, q, "public, max-age=31536000, immutable") // its name has the hash of what is in it
	})
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		guard(w.Header(), q.TLS != nil)
		mux.ServeHTTP(w, q)
	}), nil
}

// guard sets what every answer tells the browser.
func guard(h http.Header, encrypted bool) {
	h.Set("Content-Security-Policy", Policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	if encrypted {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func (f file) serve(w http.ResponseWriter, q *http.Request, cache string) {
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("ETag", f.tag)
	if q.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", f.kind)
	_, _ = w.Write(f.body) // whom it does not reach has gone
}

// read takes all files, by their path below dist.
func read(from fs.FS) (map[string]file, error) {
	files := map[string]file{}
	err := fs.WalkDir(from, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		kind := mime.TypeByExtension(path.Ext(name))
		if kind == "" {
			return fmt.Errorf("%s: no type is known for it", name)
		}
		files[strings.TrimPrefix(name, "dist/")] = file{kind, `"` + hex.EncodeToString(sum[:16]) + `"`, body}
		return nil
	})
	return files, err
}
