package rule

import (
	"fmt"
	"syscall"
	"testing"
	"testing/fstest"
)

func benchmark(b *testing.B, s *Set, source LogSource, fields map[string]string) {
	m, e := s.NewMatcher(), event(s, source, fields)
	matches := 0
	emit := func(*Rule) { matches++ }
	m.Match(e, emit)
	first := matches
	b.ReportAllocs()
	n, before := 0, processorTime(b)
	for b.Loop() {
		m.Match(e, emit)
		n++
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(n), "cpu-ns/op")
	b.ReportMetric(float64(first), "matches")
	b.ReportMetric(float64(len(m.states[s.Source(source).programs[0].number].candidates)), "candidates")
}

// processorTime is what this process has used, ns: on a machine that others use too it
// tells more than the time that passes.
func processorTime(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func BenchmarkMatch(b *testing.B) {
	linux := mustCompile(b, loadShared(b, "sigma/linux/process_creation"))
	for _, name := range []string{"benign", "long", "hit"} {
		b.Run("linux/"+name, func(b *testing.B) { benchmark(b, linux, linuxProcess, linuxEvents()[name]) })
	}
	windows := mustCompile(b, loadShared(b, "sigma/windows/process_creation"))
	for _, name := range []string{"benign", "powershell"} {
		b.Run("windows/"+name, func(b *testing.B) { benchmark(b, windows, windowsProcess, windowsEvents()[name]) })
	}
}

// syntheticRules makes rules that look for words of their own behind common programs.
func syntheticRules(t testing.TB, n int) []*Rule {
	files := fstest.MapFS{}
	for i := range n {
		files[fmt.Sprintf("%05d.yml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `
title: Rule %[1]d
id: rule-%[1]d
logsource: {product: linux, category: process_creation}
detection:
  tool:
    Image|endswith: ['/tool%[2]d', '/other%[1]d']
  words:
    CommandLine|contains: ['--option-%[3]x', ' word%[1]d ', 'http://host%[1]d.example/']
  filter:
    ParentImage|startswith: '/opt/vendor%[2]d/'
  condition: tool and words and not filter
`, i, i%97, i*7919)}
	}
	rules, problems := Load(files)
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	return rules
}

func BenchmarkRules(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		s := mustCompile(b, syntheticRules(b, n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmark(b, s, linuxProcess, map[string]string{
				"Image": "/usr/bin/tool42", "ParentImage": "/opt/vendor41/agent",
				"CommandLine": "/usr/bin/tool42 --option-3ac0 --file /srv/data/word77 http://host500.example/index.html --verbose",
			})
		})
	}
}
