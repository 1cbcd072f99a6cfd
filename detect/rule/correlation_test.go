package rule

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const failure = `
title: Failure
name: failure
logsource: {category: signin}
detection: {s: {Result: failure}, condition: s}
`

const success = `
title: Success
name: success
logsource: {category: signin}
detection: {s: {Result: success}, condition: s}
`

// correlate feeds events, written as "second field=value ...", and gives the seconds at
// which the correlation was met.
func correlate(t *testing.T, groups int, correlation string, events ...string) string {
	t.Helper()
	s := mustCompile(t, mustLoad(t, failure, success, "title: C\nid: c\ncorrelation:\n"+correlation))
	m, c, f := s.NewMatcher(), s.NewCorrelator(groups), s.NewFields(LogSource{Category: "signin"})
	var met []string
	for _, e := range events {
		words := strings.Fields(e)
		var second int
		if _, err := fmt.Sscan(words[0], &second); err != nil {
			t.Fatal(err)
		}
		f.Reset()
		for _, w := range words[1:] {
			name, value, _ := strings.Cut(w, "=")
			f.Put(name, value)
		}
		m.Match(f, func(r *Rule) {
			if !r.Silent {
				t.Errorf("%s is an alert of its own", r.Title)
			}
			c.Feed(r, f, time.Unix(int64(second), 0), func(*Rule) { met = append(met, words[0]) })
		})
	}
	return strings.Join(met, " ")
}

func TestCorrelation(t *testing.T) {
	const bad, good = " Result=failure", " Result=success"
	count := "  type: event_count\n  rules: [failure]\n  group-by: [User]\n  timespan: 10s\n  condition: {gte: 3}\n"
	values := "  type: value_count\n  rules: [failure]\n  group-by: [Ip]\n  timespan: 10s\n  condition: {field: User, gte: 3}\n"
	both := "  rules: [failure, success]\n  group-by: [User]\n  timespan: 10s\n"
	aliased := "  type: temporal\n  rules: [failure, success]\n  group-by: [who]\n  aliases: {who: {failure: Source, success: Target}}\n  timespan: 10s\n"
	for _, c := range []struct {
		name, correlation, want string
		events                  []string
	}{
		{"three failures of one user", count, "3", []string{"1 User=a" + bad, "2 User=a" + bad, "3 User=a" + bad}},
		{"told once, then counted anew", count, "3 6", []string{"1 User=a" + bad, "2 User=a" + bad, "3 User=a" + bad, "4 User=a" + bad, "5 User=a" + bad, "6 User=a" + bad}},
		{"two of one and one of another", count, "", []string{"1 User=a" + bad, "2 User=a" + bad, "3 User=b" + bad}},
		{"three, too slow", count, "", []string{"1 User=a" + bad, "9 User=a" + bad, "18 User=a" + bad}},
		{"out of order", count, "2", []string{"3 User=a" + bad, "1 User=a" + bad, "2 User=a" + bad}},
		{"without the field", count, "", []string{"1" + bad, "2" + bad, "3" + bad}},
		{"three users from one address", values, "3", []string{"1 Ip=x User=a" + bad, "2 Ip=x User=b" + bad, "3 Ip=x User=c" + bad}},
		{"one user three times", values, "", []string{"1 Ip=x User=a" + bad, "2 Ip=x User=a" + bad, "3 Ip=x User=a" + bad}},
		{"success after failure", "  type: temporal_ordered\n" + both, "2", []string{"1 User=a" + bad, "2 User=a" + good}},
		{"failure after success", "  type: temporal_ordered\n" + both, "", []string{"1 User=a" + good, "2 User=a" + bad}},
		{"both in any order", "  type: temporal\n" + both, "2", []string{"1 User=a" + good, "2 User=a" + bad}},
		{"of two users", "  type: temporal\n" + both, "", []string{"1 User=a" + good, "2 User=b" + bad}},
		{"fields of other names", aliased, "2", []string{"1 Source=a" + bad, "2 Target=a" + good}},
		{"fields of other names, of two", aliased, "", []string{"1 Source=a Target=b" + bad, "2 Target=c" + good}},
	} {
		if got := correlate(t, 100, c.correlation, c.events...); got != c.want {
			t.Errorf("%s: met at %q, want %q", c.name, got, c.want)
		}
	}
	// With room for two groups, the quietest is forgotten.
	if got := correlate(t, 2, count, "1 User=a"+bad, "2 User=a"+bad, "3 User=b"+bad, "4 User=c"+bad, "5 User=a"+bad); got != "" {
		t.Errorf("forgotten, and met at %q", got)
	}
}
