package builtin

import (
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
)

func flagged(flags uint16, kind decode.Kind, fixed any, texts ...string) decode.Record {
	h := recordtest.Header()
	h.Flags = flags
	return recordtest.DecodedWith(h, kind, fixed, recordtest.Texts(texts...)...)
}

// exec is a program with this standard input.
func exec(flags uint16, path string, stdin uint8) decode.Record {
	return flagged(flags, decode.KindExec, decode.Exec{Stdio: [3]uint8{stdin, decode.StdioTTY, decode.StdioTTY}}, path, "x\x00", "/", path, "", "", "x")
}

func file(kind decode.Kind, flags uint16, path string) decode.Record {
	if kind == decode.KindFileWrite {
		return flagged(flags, kind, decode.FileWrite{Bytes: 5, Writes: 1, OpenFlags: 1}, path)
	}
	return flagged(flags, kind, decode.FileOpen{OpenFlags: 1}, path)
}

func pair(kind decode.Kind, from, to string) decode.Record {
	return flagged(0, kind, decode.FilePair{}, from, to)
}

// What fires each rule, and beside it what is like it and harmless.
func TestJudge(t *testing.T) {
	const (
		memfd   = "vigil-exec-memfd"
		shm     = "vigil-exec-shm"
		shell   = "vigil-shell-socket"
		module  = "vigil-module-load"
		preload = "vigil-ld-preload"
	)
	const tty, pipe, socket, null = decode.StdioTTY, decode.StdioPipe, decode.StdioSocket, decode.StdioNull
	for _, c := range []struct {
		name string
		r    decode.Record
		rule string // "": silent
	}{
		{"a program in a memfd", exec(decode.EventFileMemfd|decode.EventPathDetached, "/memfd:x", tty), memfd},
		{"a shell in a memfd, on a socket: the stronger proof", exec(decode.EventFileMemfd, "/memfd:sh", socket), memfd},
		{"a program in a file that is called memfd", exec(0, "/opt/memfd:x", tty), ""},
		{"a program whose file is deleted, as after an upgrade", exec(decode.EventFileDeleted, "/usr/sbin/nginx", tty), ""},

		{"a program in /dev/shm", exec(0, "/dev/shm/x", tty), shm},
		{"a program in a folder there", exec(0, "/dev/shm/.a/b", tty), shm},
		{"a program in shared memory mounted elsewhere", exec(decode.EventFileSHM, "/run/shm/x", tty), shm},
		{"the same program in /usr/bin", exec(0, "/usr/bin/x", tty), ""},
		{"a folder that begins alike", exec(0, "/dev/shmem/x", tty), ""},
		{"a folder that ends alike", exec(0, "/srv/dev/shm/x", tty), ""},
		{"a file in /dev/shm that is written, not run", file(decode.KindFileWrite, decode.EventFileSHM, "/dev/shm/x"), ""},

		{"sh on a socket", exec(0, "/bin/sh", socket), shell},
		{"bash on a socket", exec(0, "/usr/bin/bash", socket), shell},
		{"busybox on a socket", exec(0, "/bin/busybox", socket), shell},
		{"bash on a terminal", exec(0, "/usr/bin/bash", tty), ""},
		{"bash on a pipe, as of ssh", exec(0, "/usr/bin/bash", pipe), ""},
		{"bash without input, as of cron", exec(0, "/usr/bin/bash", null), ""},
		{"no shell on a socket, as of inetd", exec(0, "/usr/sbin/sshd", socket), ""},
		{"a program that ends like a shell", exec(0, "/usr/bin/trash", socket), ""},
		{"a program in a folder called bash", exec(0, "/opt/bash/git", socket), ""},
		{"a program without a path", exec(decode.EventPathUnreadable, "", socket), ""},

		{"a module", flagged(0, decode.KindModule, decode.Module{}, "x", "/tmp/x.ko"), module},
		{"a module that the kernel refused", flagged(decode.EventFailed, decode.KindModule, decode.Module{}, "x", "/tmp/x.ko"), ""},
		{"a module's file, read", file(decode.KindFileRead, 0, "/lib/modules/x.ko"), ""},

		{"ld.so.preload opened for writing", file(decode.KindFileOpen, 0, "/etc/ld.so.preload"), preload},
		{"written", file(decode.KindFileWrite, 0, "/etc/ld.so.preload"), preload},
		{"put in place by a rename", pair(decode.KindFileRename, "/tmp/x", "/etc/ld.so.preload"), preload},
		{"by a link", pair(decode.KindFileLink, "/tmp/x", "/etc/ld.so.preload"), preload},
		{"by a symbolic link", pair(decode.KindFileSymlink, "/tmp/x", "/etc/ld.so.preload"), preload},
		{"moved away", pair(decode.KindFileRename, "/etc/ld.so.preload", "/root/preload.old"), ""},
		{"removed", flagged(0, decode.KindFileUnlink, decode.FileChange{}, "/etc/ld.so.preload"), ""},
		{"read, as every program does", file(decode.KindFileRead, 0, "/etc/ld.so.preload"), ""},
		{"the cache beside it", file(decode.KindFileWrite, 0, "/etc/ld.so.cache~"), ""},
		{"one in a container's layers", file(decode.KindFileWrite, 0, "/srv/image/etc/ld.so.preload"), ""},
	} {
		got := ""
		if f := New().Judge(c.r); f != nil {
			got = f.Rule
		}
		if got != c.rule {
			t.Errorf("%s: %q, want %q", c.name, got, c.rule)
		}
	}
}

// harmless is a sample of each kind that proves nothing; a module is loaded by
// none of them.
func harmless() []decode.Record {
	var all []decode.Record
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		r, err := decode.Decode(recordtest.Sample(k))
		if err == nil && k != decode.KindModule {
			all = append(all, r)
		}
	}
	return all
}

func TestJudgeIsSilentAndAllocatesNothing(t *testing.T) {
	j, all := New(), harmless()
	if len(all) < int(decode.KindCount)-2 {
		t.Fatalf("%d samples", len(all))
	}
	for _, r := range all {
		if f := j.Judge(r); f != nil {
			t.Errorf("%s: %s", r.Kind(), f.Rule)
		}
		if n := testing.AllocsPerRun(100, func() { j.Judge(r) }); n != 0 {
			t.Errorf("%s: %v allocations", r.Kind(), n)
		}
	}
	loud := exec(0, "/dev/shm/x", decode.StdioTTY)
	if n := testing.AllocsPerRun(100, func() { j.Judge(loud) }); n != 0 {
		t.Errorf("what fires: %v allocations", n)
	}
}

// Each finding can be acted on.
func TestFindingsAreWhole(t *testing.T) {
	j, seen := New(), map[string]bool{}
	for _, f := range []detect.Finding{j.memfd, j.shm, j.shell, j.module, j.preload} {
		if seen[f.Rule] || f.Rule == "" || f.Title == "" || f.Technique == "" || f.Next == "" || f.Severity.String() == "Unknown" {
			t.Errorf("%+v", f)
		}
		seen[f.Rule] = true
	}
}

func BenchmarkJudge(b *testing.B) {
	j := New()
	for _, c := range []struct {
		name string
		r    decode.Record
	}{
		{"exec", exec(0, "/usr/bin/true", decode.StdioTTY)},
		{"shell on a socket", exec(0, "/usr/bin/bash", decode.StdioSocket)},
		{"write", file(decode.KindFileWrite, 0, "/var/log/syslog")},
		{"connect", mustSample(decode.KindConnect)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				j.Judge(c.r)
			}
		})
	}
}

func mustSample(k decode.Kind) decode.Record {
	r, err := decode.Decode(recordtest.Sample(k))
	if err != nil {
		panic(err)
	}
	return r
}
