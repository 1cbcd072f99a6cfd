package behavior

import (
	"net/netip"
	"testing"
	"time"
)

func TestBruteForce(t *testing.T) {
	attempt := func(at time.Duration, from, user string, ok bool) SignIn {
		return SignIn{Time: uint64(time.Hour + at), Source: netip.MustParseAddr(from), User: []byte(user), OK: ok}
	}
	failures := func(n int, step time.Duration, from func(i int) string, user func(i int) string) []SignIn {
		all := make([]SignIn, n)
		for i := range all {
			all[i] = attempt(time.Duration(i)*step, from(i), user(i), false)
		}
		return all
	}
	one := func(s string) func(int) string { return func(int) string { return s } }
	many := func(prefix string) func(int) string {
		return func(i int) string { return prefix + string(rune('1'+i/9%9)) + string(rune('1'+i%9)) }
	}
	const failed, successful = "vigil-brute-force-failed", "vigil-brute-force-successful"
	const bad = "203.0.113.9"
	for _, c := range []struct {
		name     string
		attempts []SignIn
		want     []string
	}{
		{"one source, told once", failures(50, time.Second, one(bad), one("root")), []string{failed, failed}}, // of the source, then of the user
		{"one source, many users", failures(50, time.Second, one(bad), many("u")), []string{failed}},
		{"many sources, one user", failures(40, time.Second, many("203.0.113."), one("root")), []string{failed}},
		{"and then it is right", append(failures(6, time.Second, one(bad), one("root")), attempt(time.Minute, bad, "root", true)), []string{successful}},

		{"a user who mistypes", append(failures(3, time.Second, one("10.0.0.9"), one("eve")), attempt(time.Minute, "10.0.0.9", "eve", true)), nil},
		{"a failure an hour", failures(100, time.Hour, one("10.0.0.9"), one("eve")), nil},
		{"many users from many places", failures(40, time.Second, many("203.0.113."), many("u")), nil},
		{"right long after", append(failures(6, time.Second, one(bad), one("root")), attempt(5*time.Hour, bad, "root", true)), nil},
	} {
		m := NewBruteForce(seed())
		var got []string
		for i := range c.attempts {
			if a, ok := m.Judge(&c.attempts[i]); ok {
				got = append(got, a.Finding.Rule)
				if a.Entity.Kind != User || string(a.Entity.Name) != string(c.attempts[i].User) || a.Entity.Address != c.attempts[i].Source {
					t.Errorf("%s: entity %+v", c.name, a.Entity)
				}
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: raised %q, want %q", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: raised %q, want %q", c.name, got, c.want)
			}
		}
	}
	m, a := NewBruteForce(seed()), attempt(0, bad, "root", false)
	if n := testing.AllocsPerRun(100, func() { m.Judge(&a) }); n != 0 {
		t.Errorf("%v allocations an attempt", n)
	}
}
