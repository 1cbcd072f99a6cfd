package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vigil/decode"
)

// parameters reads those of an address; the first that is wrong is the error.
type parameters struct {
	values url.Values
	err    error
}

func (c *call) parameters() *parameters {
	v, err := url.ParseQuery(c.q.URL.RawQuery)
	p := &parameters{values: v}
	if err != nil {
		p.err = refusal{http.StatusBadRequest, fmt.Sprintf("the parameters cannot be read: %v", err), 0}
	}
	return p
}

func (p *parameters) fail(name, why string) {
	if p.err == nil {
		p.err = refusal{http.StatusBadRequest, fmt.Sprintf("parameter %s: %s", name, why), 0}
	}
}

// text gives one; what no database keeps (a zero byte) is never looked for.
func (p *parameters) text(name string) string {
	s := p.values.Get(name)
	if strings.ContainsRune(s, 0) || len(s) > 16<<10 {
		p.fail(name, "is no text, or is too long")
	}
	return s
}

func (p *parameters) number(name string, otherwise, most int) int {
	s := p.text(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > most {
		p.fail(name, fmt.Sprintf("a number from 0 to %d is wanted", most))
	}
	return n
}

// severities reads some with commas, by name or by OCSF's number.
func (p *parameters) severities(name string) (all []uint8) {
	s := p.text(name)
	if s == "" {
		return nil
	}
	for word := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseUint(word, 10, 8)
		for v := decode.Informational; err != nil && v <= decode.High; v++ {
			if strings.EqualFold(word, v.String()) {
				n, err = uint64(v), nil
			}
		}
		if err != nil || len(all) == 8 {
			p.fail(name, "one or more of informational, low, medium, high, with commas, are wanted")
			return nil
		}
		all = append(all, uint8(n))
	}
	return all
}

// time reads RFC 3339.
func (p *parameters) time(name string) time.Time {
	s := p.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		p.fail(name, "a time like 2026-01-02T15:04:05Z is wanted")
	}
	return t
}

// duration reads one in Go's way: 30s, 5m.
func (p *parameters) duration(name string, otherwise, most time.Duration) time.Duration {
	s := p.text(name)
	if s == "" {
		return otherwise
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > most {
		p.fail(name, fmt.Sprintf("a duration like 30s, of at most %v, is wanted", most))
	}
	return d
}

// note adds to what the audit log says of the request.
func (c *call) note(name, value string) {
	if c.detail != "" {
		c.detail += " "
	}
	c.detail += fmt.Sprintf("%s=%q", name, value)
}

func (c *call) noteChange(name string, value *string) {
	if value != nil {
		c.note(name, *value)
	}
}

// needed refuses what is missing or far too long.
func needed(values map[string]string) error {
	for name, v := range values {
		if strings.TrimSpace(v) == "" || len(v) > 4000 || strings.ContainsRune(v, 0) {
			return refusal{http.StatusUnprocessableEntity, fmt.Sprintf("%s is needed, of at most 4000 bytes", name), 0}
		}
	}
	return nil
}

// short refuses text that is longer than most, or none.
func short(values map[string]*string, most int) error {
	for name, v := range values {
		if v != nil && (len(*v) > most || strings.ContainsRune(*v, 0)) {
			return refusal{http.StatusUnprocessableEntity, fmt.Sprintf("%s is no text of at most %d bytes", name, most), 0}
		}
	}
	return nil
}
