package sensor

import (
	"fmt"
	"net/url"
	"time"
)

// Shipping says how what is seen goes to the server that this host is enrolled at.
type Shipping struct {
	Spool     Size          // on disk, for what waits for the server
	SpoolAge  time.Duration // how long it waits at most
	SpoolSync string        // when what is spooled is made durable: interval (each second), always
	Bandwidth Size          // of events, bytes a second; 0: no bound. Alerts never wait for it
	Proxy     string        // http:// or https://; "": as HTTPS_PROXY and NO_PROXY say
}

func defaultShipping() Shipping {
	return Shipping{Spool: 1 << 30, SpoolAge: 7 * 24 * time.Hour, SpoolSync: "interval"}
}

func (s *Shipping) check() error {
	switch {
	case s.Spool < 1<<20:
		return fmt.Errorf("spool: %s is too little: give at least 1MiB", s.Spool)
	case s.SpoolAge < time.Minute:
		return fmt.Errorf("spool_age: %s is too short: give at least 1m", s.SpoolAge)
	case s.SpoolSync != "interval" && s.SpoolSync != "always":
		return fmt.Errorf("spool_sync: %q is none: give interval or always", s.SpoolSync)
	case s.Bandwidth != 0 && s.Bandwidth < 1<<10:
		return fmt.Errorf("bandwidth: %s a second is too little: give at least 1KiB, or 0 for no bound", s.Bandwidth)
	}
	_, err := s.ProxyURL()
	return err
}

// ProxyURL is the proxy's address; nil for none.
func (s *Shipping) ProxyURL() (*url.URL, error) {
	if s.Proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(s.Proxy)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("proxy: %q is no address of a proxy: give one such as http://proxy.example:3128", s.Proxy)
	}
	return u, nil
}

// differs gives the keys of what is not the same: all of it needs a restart.
func (s *Shipping) differs(t *Shipping) []string {
	var keys []string
	for _, f := range []struct {
		key  string
		same bool
	}{
		{"spool", s.Spool == t.Spool},
		{"spool_age", s.SpoolAge == t.SpoolAge},
		{"spool_sync", s.SpoolSync == t.SpoolSync},
		{"bandwidth", s.Bandwidth == t.Bandwidth},
		{"proxy", s.Proxy == t.Proxy},
	} {
		if !f.same {
			keys = append(keys, f.key)
		}
	}
	return keys
}
