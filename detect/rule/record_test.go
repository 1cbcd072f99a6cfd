package rule

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// mustLoad loads rules that are text.
func mustLoad(t testing.TB, texts ...string) []*Rule {
	t.Helper()
	files := fstest.MapFS{}
	for i, text := range texts {
		files[fmt.Sprintf("%03d.yml", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	rules, problems := Load(files)
	for _, p := range problems {
		t.Fatal(p)
	}
	return rules
}

// everyField is a rule for each category that asks for every field of records.
func everyField(t testing.TB) *Set {
	var texts []string
	seen := map[string]bool{}
	for k := range decode.KindCount {
		category := categoryOf(k)
		if category == "" || seen[category] {
			continue
		}
		seen[category] = true
		var b strings.Builder
		fmt.Fprintf(&b, "title: %[1]s\nid: %[1]s\nlogsource: {product: linux, category: %[1]s}\ndetection:\n  all:\n", category)
		for _, f := range recordFields() {
			fmt.Fprintf(&b, "    - %s|contains: 'no such thing'\n", f.name)
		}
		b.WriteString("  words: ['nor this']\n  condition: all or words\n")
		texts = append(texts, b.String())
	}
	return mustCompile(t, mustLoad(t, texts...))
}

func theActor() *decode.Actor {
	return &decode.Actor{
		Path: []byte("/usr/bin/python3"), Arguments: []byte("python3\x00-m\x00http.server\x00"), CWD: []byte("/srv"), User: "deploy", PPID: 7,
		Container: decode.Container{ID: "0123456789ab", Image: "nginx:1.27"},
		Parent:    &decode.Actor{Path: []byte("/usr/bin/bash"), Arguments: []byte("bash\x00-l\x00")},
	}
}

// What rules read of a record of each kind.
func TestRecordFields(t *testing.T) {
	s := everyField(t)
	e := s.NewRecord()
	e.Hostname = func(a netip.Addr) []byte {
		if a == netip.MustParseAddr("93.184.216.34") {
			return []byte("www.example.com")
		}
		return nil
	}
	for _, c := range []struct {
		kind decode.Kind
		want string
	}{
		{decode.KindExec, "Image=/usr/bin/curl CommandLine=curl -fsS https://example.com/a b|CurrentDirectory=/home/deploy User=deploy ProcessId=1234 ParentProcessId=1200 ParentImage=/usr/bin/bash ParentCommandLine=bash -l|LogonId=3 Euid=1000 LoginUid=1000 Stdin=tty Stdout=pipe Stderr=null Tty=pts0 FirstArgument=-fsS ContainerId=0123456789ab ContainerImage=nginx:1.27"},
		{decode.KindFileOpen, "Image=/usr/bin/python3 CommandLine=python3 -m http.server|ParentProcessId=7 TargetFilename=/var/www/html/uploads/shell.php Operation=open Created=true"},
		{decode.KindFileRename, "TargetFilename=/var/lib/dpkg/status SourceFilename=/var/lib/dpkg/status-new Operation=rename"},
		{decode.KindFileRead, "TargetFilename=/etc/shadow Operation=read"},
		{decode.KindFileUnlink, "TargetFilename=/var/log/auth.log"},
		{decode.KindFileChmod, "TargetFilename=/tmp/x Operation=chmod Mode=04755"},
		{decode.KindFileSetxattr, "TargetFilename=/tmp/x Operation=setxattr Attribute=security.capability"},
		{decode.KindFileTruncate, "TargetFilename=/root/.bash_history Operation=truncate"},
		{decode.KindConnect, "DestinationIp=93.184.216.34 DestinationPort=443 DestinationHostname=www.example.com SourceIp=10.0.0.5 SourcePort=43210 Protocol=tcp Initiated=true"},
		{decode.KindAccept, "DestinationIp=2001:db8::1 DestinationPort=22 SourceIp=2001:db8::2 SourcePort=50000 Initiated=false"},
		{decode.KindBind, "SourceIp=0.0.0.0 SourcePort=4444 Operation=bind"},
		{decode.KindListen, "Protocol=unix Operation=listen"},
		{decode.KindDNS, "QueryName=www.example.com QueryType=A QueryResults=93.184.216.34"},
		{decode.KindModule, "ImageLoaded=/tmp/rootkit.ko ModuleName=rootkit FromMemory=false"},
		{decode.KindMprotect, "Operation=mprotect Anonymous=true WasWritable=true Shared=false"},
		{decode.KindMemfd, "Operation=memfd TargetFilename=payload"},
		{decode.KindPtrace, "Operation=ptrace_attach TargetProcessId=77"},
		{decode.KindProcessVM, "Operation=vm_write TargetProcessId=77"},
		{decode.KindSignal, "Operation=kill TargetProcessId=77 Signal=9,KILL"},
		{decode.KindCredentials, "Uid=1000 NewUid=1000 NewEuid=0"},
		{decode.KindNamespace, "Operation=unshare"},
		{decode.KindMount, "Operation=mount Source=/dev/vda1 Target=/mnt/host FileSystem=ext4"},
		{decode.KindPivotRoot, "Operation=pivot_root"},
		{decode.KindBPF, "Operation=bpf,prog_load Name=trace_exec"},
		{decode.KindSysctl, "Operation=sysctl Name=kernel/core_pattern Value=|/tmp/x"},
		{decode.KindKexec, "Operation=kexec"},
	} {
		r, err := decode.Decode(recordtest.Sample(c.kind))
		if err != nil {
			t.Fatal(err)
		}
		if !e.Take(r, likely{a: theActor()}, 0) {
			t.Errorf("%s: no rule is about it", c.kind)
			continue
		}
		for rest := c.want; rest != ""; {
			name, value, _ := strings.Cut(rest, "=")
			end := strings.IndexByte(value, ' ')
			if strings.HasSuffix(name, "CommandLine") && strings.Contains(value, "|") { // has spaces
				end = strings.IndexByte(value, '|')
			}
			rest = ""
			if end >= 0 {
				value, rest = value[:end], value[end+1:]
			}
			id, _ := s.Field(name)
			values, present := e.Append(nil, id)
			var got []string
			for _, v := range values {
				got = append(got, string(v))
			}
			if !present || strings.Join(got, ",") != value {
				t.Errorf("%s: %s is %q, want %q", c.kind, name, got, value)
			}
		}
		all, _ := e.Append(nil, 0)
		if !slices.ContainsFunc(all, func(v []byte) bool { return string(v) == "deploy" }) {
			t.Errorf("%s: keywords do not search the user", c.kind)
		}
	}
}

// A rule about a record raises nothing but itself, and nothing is allocated for it.
func TestRecordAllocatesNothing(t *testing.T) {
	s := everyField(t)
	m, e, actor := s.NewMatcher(), s.NewRecord(), &likely{a: theActor()}
	emit := func(r *Rule) { t.Errorf("%s matches", r.Title) }
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		r, err := decode.Decode(recordtest.Sample(k))
		if err != nil {
			continue
		}
		if e.Take(r, actor, 0) != (categoryOf(k) != "") {
			t.Errorf("%s: taken, or not", k)
		}
		if categoryOf(k) == "" {
			continue
		}
		if n := testing.AllocsPerRun(100, func() {
			e.Take(r, actor, 0)
			m.Match(e, emit)
		}); n != 0 {
			t.Errorf("%s: %v allocations", k, n)
		}
	}
}
