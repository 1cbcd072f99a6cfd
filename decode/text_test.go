package decode_test

import (
	"strings"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// textCases are, for the sample of each kind, what stands behind the process.
func textCases() map[decode.Kind]string {
	return map[decode.Kind]string{
		decode.KindFork:         "→ pid 1240",
		decode.KindExec:         "/usr/bin/curl  curl -fsS 'https://example.com/a b'",
		decode.KindProcess:      "/usr/bin/curl  curl -fsS 'https://example.com/a b'",
		decode.KindExit:         "code 22 after 1.1s",
		decode.KindCredentials:  "euid 1000→0 suid 1000→0 fsuid 1000→0 cap_effective 0x0→0x1ffffffffff cap_permitted 0x0→0x1ffffffffff",
		decode.KindNamespace:    "unshare mount,pid",
		decode.KindPtrace:       "attach → pid 77",
		decode.KindProcessVM:    "write 4.0KiB → pid 77",
		decode.KindSignal:       "KILL → pid 77",
		decode.KindRenameTask:   "→ kworker/0:1",
		decode.KindCgroup:       "made /system.slice/docker-0123.scope",
		decode.KindFileOpen:     "/var/www/html/uploads/shell.php created wronly,creat,trunc",
		decode.KindFileWrite:    "/var/www/html/uploads/shell.php 12.6KiB in 4 writes",
		decode.KindFileRead:     "/etc/shadow",
		decode.KindFileRename:   "/var/lib/dpkg/status-new → /var/lib/dpkg/status",
		decode.KindFileUnlink:   "/var/log/auth.log",
		decode.KindFileLink:     "/etc/passwd → /tmp/p",
		decode.KindFileSymlink:  "../../etc/shadow → /srv/www/s",
		decode.KindFileChmod:    "/tmp/x 0644 → 04755",
		decode.KindFileChown:    "/tmp/x 1000:1000 → 0:",
		decode.KindFileSetxattr: "/tmp/x security.capability 20B",
		decode.KindFileTruncate: "/root/.bash_history to 0B",
		decode.KindFileMkdir:    "/tmp/.X11-unix/... 0755",
		decode.KindMount:        "/dev/vda1 → /mnt/host ext4",
		decode.KindUmount:       "/mnt/host",
		decode.KindPivotRoot:    "/new old root at /new/old",
		decode.KindMmap:         "/usr/lib/x86_64-linux-gnu/libc.so.6 8.0KiB read,exec",
		decode.KindMprotect:     "4.0KiB read,write → read,write,exec ANONYMOUS W+X",
		decode.KindMemfd:        "payload",
		decode.KindUserfaultfd:  "flags 0x800",
		decode.KindIOUring:      "256 entries",
		decode.KindConnect:      "tcp 10.0.0.5:43210 → 93.184.216.34:443 in 12ms",
		decode.KindAccept:       "tcp [2001:db8::1]:22 ← [2001:db8::2]:50000",
		decode.KindBind:         "tcp 0.0.0.0:4444",
		decode.KindListen:       "unix @/tmp/.hidden backlog 128",
		decode.KindFlowEnd:      "tcp 10.0.0.5:43210 → 93.184.216.34:443 sent 700B received 14.6KiB",
		decode.KindDatagram:     "udp 10.0.0.5:43210 → 93.184.216.34:123 48B",
		decode.KindRawSocket:    "packet raw protocol 3",
		decode.KindDNS:          "www.example.com A → 93.184.216.34",
		decode.KindModule:       "rootkit /tmp/rootkit.ko hide=1",
		decode.KindBPF:          "prog_load tracing trace_exec 512 instructions",
		decode.KindKexec:        "4 segments",
		decode.KindSysctl:       "kernel/core_pattern = |/tmp/x",
		decode.KindLost:         "120 file_open records: ring_full on CPU 1 from 00:16:30.000 to 00:16:39.000",
	}
}

func TestTextLine(t *testing.T) {
	cases := textCases()
	for _, k := range kinds() {
		want, ok := cases[k]
		if !ok {
			t.Errorf("%s has no case", k)
			continue
		}
		line := string(decode.AppendText(nil, sample(t, k), &decode.Actor{Comm: []byte("bash")}, decode.Style{Zone: time.UTC}))
		head := "00:16:40.123  " + k.String()
		if !strings.HasPrefix(line, head+" ") || !strings.HasPrefix(line[28:], "   1234 ") {
			t.Errorf("%s: columns are off: %q", k, line)
		}
		if got := strings.TrimLeft(line[min(52, len(line)):], " "); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
}

func TestTextWithoutActor(t *testing.T) {
	for _, k := range kinds() {
		if line := decode.AppendText(nil, sample(t, k), nil, decode.Style{}); len(line) < 50 {
			t.Errorf("%s: %q", k, line)
		}
	}
}

func TestTextFlags(t *testing.T) {
	h := recordtest.Header()
	h.Count = 7
	h.Flags = decode.EventFileDeleted | decode.EventFileMemfd | decode.EventPathCut | decode.EventAttempt | decode.EventFailed
	r := recordtest.DecodedWith(h, decode.KindFileSetxattr, decode.FileSetxattr{Result: -13}, []byte("/x"), []byte("user.a"))
	a := &decode.Actor{Comm: []byte("sh"), Container: decode.Container{ID: "0123456789abcdef"}}
	line := string(decode.AppendText(nil, r, a, decode.Style{Zone: time.UTC}))
	if want := " [0123456789ab] /x user.a 0B CUT ATTEMPT DELETED MEMFD FAILED:EACCES x7"; !strings.HasSuffix(line, want) {
		t.Errorf("%q, want it to end with %q", line, want)
	}
}

func TestTextColours(t *testing.T) {
	r := sample(t, decode.KindExec)
	a := someone()
	coloured := string(decode.AppendText(nil, r, a, decode.Style{Colour: true, Zone: time.UTC}))
	bare := string(decode.AppendText(nil, r, a, decode.Style{Zone: time.UTC}))
	if strings.Contains(bare, "\x1b") || strings.Count(coloured, "\x1b[") == 0 {
		t.Fatalf("%q\n%q", bare, coloured)
	}
	if strings.Count(coloured, "\x1b[")%2 != 0 || strings.Count(coloured, "\x1b[0m")*2 != strings.Count(coloured, "\x1b[") {
		t.Errorf("a colour does not end: %q", coloured)
	}
	for _, sequence := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[36m"} {
		coloured = strings.ReplaceAll(coloured, sequence, "")
	}
	if coloured != bare {
		t.Errorf("colours change more than colours:\n%q\n%q", coloured, bare)
	}
}

// What a CPU that nobody knows has lost is not said to be another's; times are of the day.
func TestTextLoss(t *testing.T) {
	r := recordtest.Decoded(decode.KindLost, decode.Lost{
		Records: 2, Since: 5e9, Until: 7e9, CPU: ^uint32(0), Reason: decode.LostReasonReader, Kind: uint32(decode.KindExec),
	})
	a := &decode.Actor{BootOffset: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano()}
	line := string(decode.AppendText(nil, r, a, decode.Style{Zone: time.FixedZone("east", 3600)}))
	if want := " 2 exec records: reader from 04:04:10.000 to 04:04:12.000"; !strings.HasSuffix(line, want) {
		t.Errorf("%q, want it to end with %q", line, want)
	}
}

func TestTextTime(t *testing.T) {
	h := recordtest.Header()
	h.Time = 5e9
	r := recordtest.DecodedWith(h, decode.KindFork, decode.Fork{})
	a := &decode.Actor{BootOffset: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC).UnixNano()}
	zone := time.FixedZone("east", 3600)
	if line := string(decode.AppendText(nil, r, a, decode.Style{Zone: zone})); !strings.HasPrefix(line, "04:04:10.678 ") {
		t.Errorf("%q", line)
	}
}
