package ingest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigil/uplink/server/control"
	"vigil/uplink/server/pki"
	"vigil/uplink/ship/protocol"
)

// maxMessage bounds what is not a batch.
const maxMessage = 256 << 10

// read reads a message; a newer sensor may say more than is known here.
func read(q *http.Request, v any) error {
	body, err := io.ReadAll(io.LimitReader(q.Body, maxMessage+1))
	if err != nil {
		return refusal{http.StatusRequestTimeout, "the body ended early", 0}
	}
	if len(body) > maxMessage {
		return refusal{http.StatusRequestEntityTooLarge, "the message is too large", 0}
	}
	if err := json.Unmarshal(body, v); err != nil {
		return malformed("the message cannot be read: %v", err)
	}
	return nil
}

// plain tells whether a word is short and harmless to print and to keep.
func plain(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func answer(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

func (r *Receiver) enrol(w http.ResponseWriter, q *http.Request, _ string) error {
	from := address(q)
	if wait, ok := r.enrols.Take(from); !ok {
		return refusal{http.StatusTooManyRequests, "too many enrolments from this address", wait}
	}
	secret, ok := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return refusal{http.StatusUnauthorized, "who enrols shows a token", 0}
	}
	var m protocol.Enrol
	if err := read(q, &m); err != nil {
		return err
	}
	request, err := pki.ParseRequest(m.Request)
	if err != nil {
		return malformed("%v", err)
	}
	if m.Name == "" || !plain(m.Name, 253) || !plain(m.Version, 64) {
		return malformed("a sensor says its host's name, of at most 253 bytes, and its version, of at most 64")
	}
	id, err := r.State.Enrol(q.Context(), control.Newcomer{Secret: secret, PublicKey: request.Hash, Name: m.Name, Version: m.Version, Address: from})
	switch {
	case errors.Is(err, control.ErrNotFound):
		return refusal{http.StatusForbidden, "the token is not known here", 0}
	case errors.Is(err, control.ErrExpired):
		return refusal{http.StatusForbidden, "the token has expired: ask for another", 0}
	case errors.Is(err, control.ErrUsed):
		return refusal{http.StatusForbidden, "the token was used already: ask for another", 0}
	case err != nil:
		return err
	}
	r.enrols.Return(from) // a good token is no guess: hosts behind one address may be many
	r.Log.Info("sensor enrolled", "sensor", id, "name", m.Name, "address", from)
	return r.identify(w, q, id, request)
}

func (r *Receiver) renew(w http.ResponseWriter, q *http.Request, sensor string) error {
	var m protocol.Renew
	if err := read(q, &m); err != nil {
		return err
	}
	request, err := pki.ParseRequest(m.Request)
	if err != nil {
		return malformed("%v", err)
	}
	return r.identify(w, q, sensor, request)
}

// identify answers with a certificate.
func (r *Receiver) identify(w http.ResponseWriter, q *http.Request, sensor string, request pki.Request) error {
	cert, err := r.Authority.Sensor(sensor, request)
	if err != nil {
		return err
	}
	// A sensor that was revoked meanwhile, and asks for its first certificate again, gets none.
	if ok, err := r.State.Admitted(q.Context(), sensor); err != nil {
		return err
	} else if !ok {
		return refusal{http.StatusForbidden, "this sensor was revoked: enrol it again", 0}
	}
	if err := r.State.Renewed(q.Context(), sensor, cert.Serial, cert.Expires); err != nil {
		return err
	}
	r.changed(sensor)
	return answer(w, protocol.Identity{Sensor: sensor, Certificate: string(cert.PEM), Authority: string(r.Authority.PEM()), Expires: cert.Expires})
}

// changed tells who watches that there is something new of a sensor.
func (r *Receiver) changed(sensor string) {
	if err := r.Changes.Publish("sensor", map[string]string{"id": sensor}); err != nil {
		r.Log.Error("tell of a sensor", "error", err)
	}
}
