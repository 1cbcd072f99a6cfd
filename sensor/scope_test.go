package sensor

import (
	"strings"
	"testing"
)

func TestParseScope(t *testing.T) {
	for text, want := range map[string]scope{
		"": {}, "host": {}, "self": {kind: scopeSelf}, "pid:1": {kind: scopePID, pid: 1}, "pid:4194304": {kind: scopePID, pid: 4194304},
		"cgroup:/": {kind: scopeCgroup, path: "/"}, "cgroup:/a:b/c": {kind: scopeCgroup, path: "/a:b/c"},
	} {
		if got, err := parseScope(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"Host", "host:", "host:x", "self:", "self:1", "pid", "pid:", "pid:0", "pid:-1", "pid:1x", "pid:2147483648", "cgroup", "cgroup:", "cgroup:a", "all", " host"} {
		got, err := parseScope(text)
		if err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		} else if !strings.HasPrefix(err.Error(), "scope: ") || !strings.Contains(err.Error(), "give host, self, pid:NUMBER or cgroup:/PATH") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzScope: what is taken has what its kind needs, and nothing falls back to the host.
func FuzzScope(f *testing.F) {
	for _, text := range []string{"host", "self", "pid:12", "cgroup:/a", "pid:", "hostile"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseScope(text)
		if err != nil {
			return
		}
		good := map[scopeKind]bool{
			scopeHost: text == "" || text == "host", scopeSelf: text == "self",
			scopePID: s.pid > 0 && strings.HasPrefix(text, "pid:"), scopeCgroup: text == "cgroup:"+s.path && strings.HasPrefix(s.path, "/"),
		}
		if !good[s.kind] {
			t.Errorf("%q is taken for %+v", text, s)
		}
	})
}
