package sensor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"vigil/decode"
)

// Config is the sensor's configuration file. The zero value of a field means
// its default: no file is needed.
type Config struct {
	Scope     string   `yaml:"scope"`     // host, self, pid:N, cgroup:PATH
	Tier      string   `yaml:"tier"`      // the best to use: full, kprobe, tracepoint
	Kinds     []string `yaml:"kinds"`     // which kinds to capture; empty: all
	Watch     []string `yaml:"watch"`     // files, and directories ending in /, whose reading is told
	Vital     Size     `yaml:"vital"`     // ring for the life of processes and what can raise an alert
	Bulk      Size     `yaml:"bulk"`      // ring for the rest
	Arguments Size     `yaml:"arguments"` // of a process, kept; at most 8KiB
	Processes uint32   `yaml:"processes"` // how many can run at once
	Socket    string   `yaml:"socket"`    // where status, events and metrics are asked for
	Metrics   string   `yaml:"metrics"`   // address for Prometheus, such as 127.0.0.1:9464; empty: only on the socket
}

// Default is the configuration without a file.
func Default() Config {
	return Config{
		Scope: "host", Tier: "full",
		Watch: []string{
			"/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/", "/root/.ssh/", ".ssh/", "/etc/krb5.keytab",
			".aws/", ".kube/", ".docker/", "/var/run/secrets/kubernetes.io/serviceaccount/", "/proc/kcore", "environ",
		},
		Vital: 8 << 20, Bulk: 16 << 20, Arguments: 4096, Processes: 65536,
		Socket: "/run/vigil/sensor.sock",
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
	d := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("read the configuration %s: %s", path, oneLine(yaml.FormatError(err, false, false)))
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Check says what is wrong with the configuration, if anything.
func (c *Config) Check() error {
	if _, err := c.kinds(); err != nil {
		return err
	}
	for name, size := range map[string]Size{"vital": c.Vital, "bulk": c.Bulk} {
		if size < 4096 || size > 1<<30 || size&(size-1) != 0 {
			return fmt.Errorf("%s: %s is no ring size: give a power of two from 4KiB to 1GiB", name, size)
		}
	}
	if c.Arguments > 8192 {
		return fmt.Errorf("arguments: %s is too much: give at most 8KiB", c.Arguments)
	}
	if c.Processes < 64 {
		return fmt.Errorf("processes: %d is too few: give at least 64", c.Processes)
	}
	for _, w := range c.Watch {
		if name := watchName(w); len(name) == 0 || len(name) > 31 {
			return fmt.Errorf("watch: the last name of %q must have 1 to 31 bytes", w)
		}
	}
	_, err := parseScope(c.Scope)
	return err
}

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
