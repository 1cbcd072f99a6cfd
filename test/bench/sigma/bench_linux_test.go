// Package sigma compares the engine with other Sigma engines in one run. It is a module
// of its own, so that the project does not depend on them.
package sigma

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	peer "github.com/bradleyjkemp/sigma-go"
	"github.com/bradleyjkemp/sigma-go/evaluator"
	engine "github.com/markuskont/go-sigma-rule-engine"

	"vigil/detect/rule"
)

// rules finds the folder of SigmaHQ's rules beside the project, or skips.
func rules(b *testing.B, name string) string {
	b.Helper()
	dir, err := filepath.Abs("../../..") // of the module
	if err != nil {
		b.Fatal(err)
	}
	places := []string{os.Getenv("VIGIL_SHARED")}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		places = append(places, filepath.Join(filepath.Dir(dir), "shared"))
	}
	for _, place := range places {
		found := filepath.Join(place, "sigma", name)
		if info, err := os.Stat(found); place != "" && err == nil && info.IsDir() {
			return found
		}
	}
	b.Skipf("no sigma/%s in a directory shared beside the module or above it, nor in VIGIL_SHARED", name)
	return ""
}

type situation struct {
	name, folder, product string
	event                 map[string]string
}

func situations() []situation {
	windows := map[string]string{
		"Image": `C:\Program Files\Git\cmd\git.exe`, "OriginalFileName": "git.exe", "CommandLine": `"C:\Program Files\Git\cmd\git.exe" status --porcelain`,
		"ParentImage":       `C:\Users\dev\AppData\Local\Programs\Microsoft VS Code\Code.exe`,
		"ParentCommandLine": `"C:\Users\dev\AppData\Local\Programs\Microsoft VS Code\Code.exe"`,
		"User":              `CORP\dev`, "IntegrityLevel": "Medium", "Description": "Git for Windows", "Product": "Git", "Company": "The Git Development Community",
		"CurrentDirectory": `C:\src\project\`, "Hashes": "SHA256=0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
	}
	powershell := map[string]string{}
	for k, v := range windows {
		powershell[k] = v
	}
	powershell["Image"] = `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`
	powershell["OriginalFileName"], powershell["Description"] = "PowerShell.EXE", "Windows PowerShell"
	powershell["ParentImage"], powershell["ParentCommandLine"] = `C:\Windows\System32\svchost.exe`, `C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule`
	powershell["CommandLine"] = `powershell.exe -NoProfile -ExecutionPolicy Bypass -Command "` +
		strings.Repeat(`$items = Get-ChildItem -Path C:\Data | Where-Object { $_.Length -gt 1024 }; foreach ($i in $items) { Write-Output $i.FullName }; `, 8) + `"`
	return []situation{
		{"benign", "linux/process_creation", "linux", map[string]string{
			"Image": "/usr/bin/ls", "CommandLine": "ls -la /var/log/nginx", "User": "root", "CurrentDirectory": "/root",
			"ParentImage": "/usr/bin/bash", "ParentCommandLine": "-bash", "LogonId": "3",
		}},
		{"long", "linux/process_creation", "linux", map[string]string{
			"Image": "/usr/lib/jvm/java-21/bin/java", "User": "app", "CurrentDirectory": "/opt/app",
			"CommandLine": "/usr/lib/jvm/java-21/bin/java -server " + strings.Repeat("-Dservice.option.name=some/value,and:more -XX:+UseG1GC ", 22),
			"ParentImage": "/usr/lib/systemd/systemd", "ParentCommandLine": "/sbin/init", "LogonId": "4294967295",
		}},
		{"benign", "windows/process_creation", "windows", windows},
		{"powershell", "windows/process_creation", "windows", powershell},
	}
}

// fields is an event as go-sigma-rule-engine wants it.
type fields map[string]string

func (f fields) Keywords() ([]string, bool) { return nil, false }

func (f fields) Select(name string) (any, bool) {
	v, ok := f[name]
	return v, ok
}

func processorTime(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// measure reports, besides the time that passes, what the processors spent, which tells
// more where others use them too; and the matches of one event.
func measure(b *testing.B, match func() int) {
	first := match()
	b.ReportAllocs()
	n, before := 0, processorTime(b)
	for b.Loop() {
		match()
		n++
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(n), "cpu-ns/op")
	b.ReportMetric(float64(first), "matches")
}

func BenchmarkVigil(b *testing.B) {
	for _, s := range situations() {
		b.Run(s.folder+"/"+s.name, func(b *testing.B) {
			all, problems := rule.Load(os.DirFS(rules(b, s.folder)))
			if len(problems) > 0 {
				b.Fatal(problems[0])
			}
			set, err := rule.Compile(all)
			if err != nil {
				b.Fatal(err)
			}
			event := set.NewFields(rule.LogSource{Product: s.product, Category: "process_creation"})
			for k, v := range s.event {
				event.Put(k, v)
			}
			m, hits := set.NewMatcher(), 0
			emit := func(*rule.Rule) { hits++ }
			measure(b, func() int {
				hits = 0
				m.Match(event, emit)
				return hits
			})
			b.ReportMetric(float64(len(all)), "rules")
		})
	}
}

// parsed are the rules that sigma-go takes.
func parsed(b *testing.B, folder string) []peer.Rule {
	files, err := filepath.Glob(filepath.Join(rules(b, folder), "*.yml"))
	if err != nil {
		b.Fatal(err)
	}
	var all []peer.Rule
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		if r, err := peer.ParseRule(text); err == nil {
			all = append(all, r)
		}
	}
	return all
}

func anyEvent(s situation) map[string]any {
	event := map[string]any{}
	for k, v := range s.event {
		event[k] = v
	}
	return event
}

func BenchmarkSigmaGo(b *testing.B) {
	for _, s := range situations() {
		b.Run(s.folder+"/"+s.name, func(b *testing.B) {
			var all []*evaluator.RuleEvaluator
			for _, r := range parsed(b, s.folder) {
				all = append(all, evaluator.ForRule(r))
			}
			event := anyEvent(s)
			measure(b, func() int {
				hits := 0
				for _, r := range all {
					if result, err := r.Matches(context.Background(), event); err == nil && result.Match {
						hits++
					}
				}
				return hits
			})
			b.ReportMetric(float64(len(all)), "rules")
		})
	}
}

// BenchmarkSigmaGoBundle is its other way: all rules share an Aho-Corasick automaton.
func BenchmarkSigmaGoBundle(b *testing.B) {
	for _, s := range situations() {
		b.Run(s.folder+"/"+s.name, func(b *testing.B) {
			all := parsed(b, s.folder)
			bundle, event := evaluator.ForRules(all), anyEvent(s)
			measure(b, func() int {
				hits := 0
				results, err := bundle.Matches(context.Background(), event)
				if err != nil {
					b.Fatal(err)
				}
				for _, result := range results {
					if result.Match {
						hits++
					}
				}
				return hits
			})
			b.ReportMetric(float64(len(all)), "rules")
		})
	}
}

func BenchmarkGoSigmaRuleEngine(b *testing.B) {
	for _, s := range situations() {
		b.Run(s.folder+"/"+s.name, func(b *testing.B) {
			set, err := engine.NewRuleset(engine.Config{Directory: []string{rules(b, s.folder)}, NoCollapseWS: true})
			if err != nil {
				b.Fatal(err)
			}
			measure(b, func() int {
				results, _ := set.EvalAll(fields(s.event))
				return len(results)
			})
			b.ReportMetric(float64(set.Ok), "rules")
		})
	}
}
