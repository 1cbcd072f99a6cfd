package sensor

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"vigil/decode"
	"vigil/sensor/alert"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vigil.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreGood(t *testing.T) {
	c := Default()
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	none, err := Load("")
	if err != nil || !reflect.DeepEqual(none, c) {
		t.Errorf("without a file: %+v, %v", none, err)
	}
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "scope:\ntier:\n"} {
		empty, err := Load(write(t, text))
		if err != nil || !reflect.DeepEqual(empty, c) {
			t.Errorf("%q: %+v, %v", text, empty, err)
		}
	}
}

func TestLoadTakesEveryKey(t *testing.T) {
	got, err := Load(write(t, `
scope: cgroup:/system.slice
tier: kprobe
kinds: [exec, file_open]
watch: [/etc/shadow, .ssh/]
vital: 64KiB
bulk: 1048576
arguments: "1KiB"
processes: 128
socket: /run/other.sock
metrics: 127.0.0.1:9464
judge: false
rules: [/etc/vigil/rules]
intelligence: [/etc/vigil/bad.txt]
suppress:
  - {rule: vigil-exec-shm, filter: 'exe~/opt/', reason: known, until: 2027-01-31}
spool: 64MiB
spool_age: 24h
spool_sync: always
bandwidth: 100KiB
proxy: http://proxy.example:3128
`))
	known := &alert.Suppression{Rule: "vigil-exec-shm", Filter: "exe~/opt/", Reason: "known", Until: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)}
	if err := known.Compile(); err != nil {
		t.Fatal(err)
	}
	want := Config{
		Scope: "cgroup:/system.slice", Tier: "kprobe", Kinds: []string{"exec", "file_open"}, Watch: []string{"/etc/shadow", ".ssh/"},
		Vital: 64 << 10, Bulk: 1 << 20, Arguments: 1 << 10, Processes: 128, Socket: "/run/other.sock", Metrics: "127.0.0.1:9464",
		Rules: []string{"/etc/vigil/rules"}, Intelligence: []string{"/etc/vigil/bad.txt"}, Suppress: []*alert.Suppression{known},
		Shipping: Shipping{Spool: 64 << 20, SpoolAge: 24 * time.Hour, SpoolSync: "always", Bandwidth: 100 << 10, Proxy: "http://proxy.example:3128"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	if n := reflect.TypeFor[Config]().NumField() - 2 + reflect.TypeFor[Shipping]().NumField(); n != len(want.fields()) { // Extra is no key
		t.Errorf("%d fields, %d keys", n, len(want.fields()))
	}
	restart := Default()
	if keys := restart.differs(&want); strings.Join(keys, " ") != "scope tier vital bulk arguments processes socket metrics spool spool_age spool_sync bandwidth proxy" {
		t.Errorf("what differs: %v", keys)
	}
}

// Whatever is wrong, one line names the file, and the key or the place.
func TestLoadRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"scop: host":               `line 1, column 1: unknown key "scop": there are scope tier`,
		"scope: host\nScope: host": `line 2, column 1: unknown key "Scope"`,
		"scope: host\nscope: host": `line 2, column 1: mapping key "scope" already defined`,
		"scope: [host]":            "line 1, column 8: scope: must be text",
		"scope: everything":        `scope: "everything" is none`,
		"scope: pid:0":             `scope: "pid:0" is none`,
		"tier: best":               `tier: "best" is none: give full, kprobe or tracepoint`,
		"tier: {a: b}":             "tier: must be text",
		"kinds: exec":              "line 1, column 8: kinds: must be a list",
		"kinds: [exek]":            `kinds: "exek" is none: vigil doctor lists them`,
		"kinds: [[exec]]":          "kinds: must be a list",
		"watch: /etc":              "watch: must be a list",
		`watch: [""]`:              `watch: the last name of "" must have 1 to 31 bytes`,
		"watch: [/]":               `watch: the last name of "/" must have 1 to 31 bytes`,
		"watch: [/etc/" + strings.Repeat("x", 32) + "]": "watch: the last name of",
		"vital: 3MiB":                          "vital: 3MiB is no ring size: give a power of two from 4KiB to 1GiB",
		"vital: 1KiB":                          "vital: 1KiB is no ring size",
		"vital: many":                          "line 1, column 8: vital: must be a number of bytes, KiB, MiB or GiB",
		"bulk: 2GiB":                           "bulk: 2048MiB is no ring size",
		"bulk: -1":                             "line 1, column 7: bulk: must be a number of bytes",
		"bulk: [1]":                            "bulk: must be a number of bytes",
		"arguments: 9KiB":                      "arguments: 9KiB is too much: give at most 8KiB",
		"arguments: x":                         "arguments: must be a number of bytes",
		"processes: 63":                        "processes: 63: give a number from 64 to",
		"processes: 5e9":                       "processes: must be a number",
		"processes: 9999999":                   "processes: 9999999: give a number from 64 to",
		"processes: many":                      "line 1, column 12: processes: must be a number",
		"processes: -1":                        "processes: must be a number",
		"socket: /" + strings.Repeat("x", 107): "socket: a path of 108 bytes is too long",
		"socket: [a]":                          "socket: must be text",
		"metrics: here":                        `metrics: "here" is no address: give one such as 127.0.0.1:9464`,
		"metrics: '127.0.0.1:'":                "metrics: ",
		"metrics: {}":                          "metrics: must be text",
		"spool: 1KiB":                          "spool: 1KiB is too little: give at least 1MiB",
		"spool_age: long":                      "line 1, column 12: spool_age: must be a duration, such as 168h",
		"spool_age: 1s":                        "spool_age: 1s is too short",
		"spool_sync: never":                    `spool_sync: "never" is none: give interval or always`,
		"bandwidth: 5":                         "bandwidth: 5 a second is too little",
		"proxy: here":                          `proxy: "here" is no address of a proxy: give one such as http://proxy.example:3128`,
		"[a, b]":                               "line 1, column 1: not keys with values",
		"host":                                 "line 1, column 1: not keys with values",
		"scope: [host":                         "line 1, column ",
		"scope: host\n\tx":                     "line 2, column ",
	} {
		path := write(t, text)
		_, err := Load(path)
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		if m := err.Error(); !strings.HasPrefix(m, "configuration "+path+": ") || !strings.Contains(m, says) || strings.Contains(m, "\n") {
			t.Errorf("%q: %s\nwant it to say %s", text, m, says)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); err == nil || !strings.HasPrefix(err.Error(), "read the configuration: open ") {
		t.Errorf("no file: %v", err)
	}
}

func TestKinds(t *testing.T) {
	c := Default()
	if bits, err := c.kinds(); err != nil || bits != ^uint64(0) {
		t.Errorf("all: %#x, %v", bits, err)
	}
	c.Kinds = []string{"connect"}
	bits, err := c.kinds()
	if err != nil {
		t.Fatal(err)
	}
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		life := k <= decode.KindExit || k == decode.KindProcess || k == decode.KindCgroup
		if got, want := bits>>k&1 != 0, life || k == decode.KindConnect; got != want {
			t.Errorf("%s is captured: %v", k, got)
		}
		if got, want := c.Shows(k), k == decode.KindConnect || k == decode.KindLost; got != want {
			t.Errorf("%s is shown: %v", k, got)
		}
	}
}

func TestWatches(t *testing.T) {
	c := Config{Watch: []string{"/etc/shadow", "/etc/ssh/", ".aws/", "environ"}}
	for path, want := range map[string]bool{
		"/etc/shadow": true, "/etc/shadow-": false, "/srv/etc/shadow": false, "/etc/ssh/key": true, "/etc/ssh": false, "/etc/ssh/a/b": true,
		"/home/a/.aws/credentials": true, "/home/a/x.aws/credentials": false, "/proc/1/environ": true, "/proc/1/xenviron": false,
		"environ": false, "": false, "/": false,
	} {
		if got := c.watches([]byte(path)); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
	if n := testing.AllocsPerRun(100, func() { c.watches([]byte("/home/a/.aws/credentials")) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
