package sensor

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"vigil/decode"
	"vigil/sensor/alert"
)

// Config is the sensor's configuration. No file is needed: what one leaves out
// keeps its default.
type Config struct {
	Scope        string               // host, self, pid:N, cgroup:PATH
	Tier         string               // the best to use: full, kprobe, tracepoint
	Kinds        []string             // which kinds to capture; empty: all
	Watch        []string             // files, and directories ending in /, whose reading is told
	Vital        Size                 // ring for the life of processes and what can raise an alert
	Bulk         Size                 // ring for the rest
	Arguments    Size                 // of a process, kept; at most 8KiB
	Processes    uint32               // how many can run at once
	Socket       string               // where status, events and metrics are asked for
	Judge        bool                 // by rules and behaviours; not: events are captured only
	Rules        []string             // directories of Sigma rules, beside Vigil's own
	Intelligence []string             // lists of addresses, networks and domains, one a line
	Suppress     []*alert.Suppression // which alerts nobody needs to act on
	Metrics      string               // address for Prometheus, such as 127.0.0.1:9464; empty: only on the socket
	Shipping                          // keys of their own
	Extra        Extra                // what no file of the host's says
}

// Default is the configuration without a file.
func Default() Config {
	return Config{
		Scope: "host", Tier: "full", Judge: true,
		Watch: []string{
			"/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/", "/root/.ssh/", ".ssh/", "/etc/krb5.keytab",
			".aws/", ".kube/", ".docker/", "/var/run/secrets/kubernetes.io/serviceaccount/", "/proc/kcore", "/dev/mem", "/dev/kmem",
			"environ",
		},
		Vital: 8 << 20, Bulk: 16 << 20, Arguments: 4096, Processes: 65536,
		Socket: "/run/vigil/sensor.sock", Shipping: defaultShipping(),
	}
}

// Load reads a configuration file over the defaults; an empty path is the defaults.
func Load(path string) (Config, error) {
	c := Default()
	if path == "" {
		return c, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read the configuration: %w", err)
	}
	if err := c.read(text); err != nil {
		return c, fmt.Errorf("configuration %s: %w", path, err)
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

// Check says what is wrong with the configuration, if anything.
func (c *Config) Check() error {
	if _, err := c.kinds(); err != nil {
		return err
	}
	switch c.Tier {
	case "full", "kprobe", "tracepoint":
	default:
		return fmt.Errorf("tier: %q is none: give full, kprobe or tracepoint", c.Tier)
	}
	for _, ring := range []struct {
		key  string
		size Size
	}{{"vital", c.Vital}, {"bulk", c.Bulk}} {
		if ring.size < 4096 || ring.size > 1<<30 || ring.size&(ring.size-1) != 0 {
			return fmt.Errorf("%s: %s is no ring size: give a power of two from 4KiB to 1GiB", ring.key, ring.size)
		}
	}
	if c.Arguments > 8192 {
		return fmt.Errorf("arguments: %s is too much: give at most 8KiB", c.Arguments)
	}
	if c.Processes < 64 || c.Processes > maxProcesses {
		return fmt.Errorf("processes: %d: give a number from 64 to %d", c.Processes, maxProcesses)
	}
	for _, w := range c.Watch {
		if name := watchName(w); len(name) == 0 || len(name) > 31 {
			return fmt.Errorf("watch: the last name of %q must have 1 to 31 bytes", w)
		}
	}
	if len(c.Socket) > 107 { // sun_path, with its zero byte: unix(7)
		return fmt.Errorf("socket: a path of %d bytes is too long: give at most 107", len(c.Socket))
	}
	for _, s := range c.Suppress {
		if err := s.Compile(); err != nil {
			return err
		}
	}
	if _, port, err := net.SplitHostPort(c.Metrics); c.Metrics != "" && (err != nil || port == "") {
		return fmt.Errorf("metrics: %q is no address: give one such as 127.0.0.1:9464", c.Metrics)
	}
	if err := c.check(); err != nil {
		return err
	}
	_, err := parseScope(c.Scope)
	return err
}

// maxProcesses is as many as Linux ever runs at once: PID_MAX_LIMIT.
const maxProcesses = 4 << 20

// kinds gives the bits of the kinds to capture: those asked for, and those
// without which no event has a process.
func (c *Config) kinds() (uint64, error) {
	bits, err := kindBits(c.Kinds)
	for _, k := range [...]decode.Kind{decode.KindFork, decode.KindExec, decode.KindExit, decode.KindProcess, decode.KindCgroup} {
		bits |= 1 << k
	}
	return bits, err
}

// kindBits gives the bits of kinds by their names; without names, of all.
func kindBits(names []string) (bits uint64, err error) {
	if len(names) == 0 {
		return ^uint64(0), nil
	}
	for _, name := range names {
		k, ok := decode.ParseKind(name)
		if !ok {
			return 0, fmt.Errorf("kinds: %q is none: vigil doctor lists them", name)
		}
		bits |= 1 << k
	}
	return bits, nil
}

// differs gives the keys of the plain values that are not the same.
func (c *Config) differs(d *Config) []string {
	var keys []string
	for _, f := range []struct {
		key  string
		same bool
	}{
		{"scope", c.Scope == d.Scope},
		{"tier", c.Tier == d.Tier},
		{"vital", c.Vital == d.Vital},
		{"bulk", c.Bulk == d.Bulk},
		{"arguments", c.Arguments == d.Arguments},
		{"processes", c.Processes == d.Processes},
		{"socket", c.Socket == d.Socket},
		{"metrics", c.Metrics == d.Metrics},
	} {
		if !f.same {
			keys = append(keys, f.key)
		}
	}
	return append(keys, c.Shipping.differs(&d.Shipping)...)
}

// Shows tells whether a kind is asked for; some are captured all the same.
func (c *Config) Shows(k decode.Kind) bool {
	return len(c.Kinds) == 0 || k == decode.KindLost || slices.Contains(c.Kinds, k.String())
}

// watchName is what the kernel looks for: the file's name, or the directory's.
func watchName(path string) string {
	path = strings.TrimSuffix(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// watches tells whether reading the path is to be told. Entries that do not
// begin with a slash are watched anywhere.
func (c *Config) watches(path []byte) bool {
	for _, w := range c.Watch {
		dir := strings.HasSuffix(w, "/")
		switch {
		case w[0] == '/' && dir && bytes.HasPrefix(path, []byte(w)),
			w[0] == '/' && !dir && string(path) == w,
			w[0] != '/' && dir && bytes.Contains(path, []byte("/"+w)),
			w[0] != '/' && !dir && bytes.HasSuffix(path, []byte("/"+w)):
			return true
		}
	}
	return false
}
