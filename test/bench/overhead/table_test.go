package main

import (
	"slices"
	"strings"
	"testing"
)

const sample = `boot noise
figure none idle 10 1000000 0 0
figure none exec 1000 100000000 1000 0
figure none getppid 1000 300000 0 0
lost none 0
figure vigil idle 10 50000000 0 0
figure vigil exec 1000 105000000 1000 1001
figure vigil getppid 1000 301000 0 0
figure vigil exec 1000 106000000 1000 1000
figure vigil getppid 1000 301000 0 0
lost vigil 0
figure judging idle 10 50000000 0 0
figure judging exec 1000 107000000 1000 1000
figure judging getppid 1000 301000 0 0
lost judging 0
figure none idle 10 1000000 0 0
figure none exec 1000 100200000 1000 0
figure none getppid 1000 300000 0 0
lost none 0
figure auditd idle 10 2000000 0 0
figure auditd exec 100 20000000 100 90
figure auditd getppid 100 36000 0 0
lost auditd 10
`

func TestTable(t *testing.T) {
	r, err := parse(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	if failures := r.failures(); failures != nil {
		t.Errorf("failures: %q", failures)
	}
	var b strings.Builder
	if err := r.print(&b); err != nil {
		t.Fatal(err)
	}
	want := `µs an operation    none   vigil           judging         auditd
exec               100.1  105.5 (+5.4 %)  107.0 (+6.9 %)  ≥ 200.0 (+99.8 %)
getppid            0.30   0.30 (+0.3 %)   0.30 (+0.3 %)   0.36 (+20.0 %)
idle, µs a second  100    5000            5000            200
none: rounds lie at most 0.20 % apart
vigil: saw 2000 of 2000 events, lost 0; rounds lie at most 0.95 % apart
judging: saw 1000 of 1000 events, lost 0; rounds lie at most 0.00 % apart
auditd: saw 90 of 100 events, lost 10; rounds lie at most 0.00 % apart
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		name, old, new string
		want           string
	}{
		{"a blind peer", "100 90", "100 0", "auditd saw nothing of exec: its figures say nothing"},
		{"vigil is blind to some", "1000 1001", "1000 999", "vigil saw 1999 of 2000 events of exec"},
		{"vigil lost some", "lost vigil 0", "lost vigil 3", "vigil lost 3 events: its figures say nothing"},
		{"above the limit", "106000000", "126000000", "vigil adds 15.4 % to exec: above the limit of 10 %"},
		{"judging is above the limit", "107000000", "117000000", "judging adds 16.9 % to exec: above the limit of 10 %"},
		{"not the cheapest", "36000 0 0", "30000 0 0", ""}, // 0.3 % is no difference
		{"not the cheapest by much", "figure auditd exec 100 20000000", "figure auditd exec 100 10400000", "vigil costs more than auditd in exec"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(sample, test.old, test.new, 1)
			if text == sample {
				t.Fatal("the sample has no such line")
			}
			r, err := parse(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if test.want != "" {
				want = []string{test.want}
			}
			if got := r.failures(); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                     "",
		"no figure without a sensor":  "figure vigil exec 1 1 1 1\n",
		"a workload without a figure": "figure none exec 1 1 1 0\nfigure none write 1 1 1 0\nfigure vigil exec 1 1 1 1\n",
		"half a line":                 "figure none exec 1 1 1\n",
		"a number that is none":       "figure none exec 1 1 1 0\nlost vigil some\n",
		"nothing done":                "figure none exec 0 1 1 0\n",
	} {
		if _, err := parse(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
