package process

import (
	"encoding/binary"
	"testing"

	"vigil/decode"
)

func TestParseStat(t *testing.T) {
	for line, want := range map[string]stat{
		"1 (systemd) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 42 1 2":           {comm: []byte("systemd"), state: 'S', flags: 4194560, threads: 1, start: 42},
		"9 (a) R 1 (b\n) Z 7 1 1 34817 -1 2097152 1 2 3 4 5 6 7 8 20 0 2 0 123456 1": {comm: []byte("a) R 1 (b\n"), state: 'Z', ppid: 7, terminal: 34817, flags: 2097152, threads: 2, start: 123456},
		"9 () S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 18446744073709551615":          {comm: []byte{}, state: 'S', ppid: 1, threads: 1, start: 1<<64 - 1},
	} {
		got, err := parseStat([]byte(line))
		if err != nil || string(got.comm) != string(want.comm) {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
		got.comm, want.comm = nil, nil
		if got.state != want.state || got.ppid != want.ppid || got.terminal != want.terminal || got.flags != want.flags || got.threads != want.threads || got.start != want.start {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	}
	for _, line := range []string{
		"", "1 (x", "1 x) S", "1 (x) S 0 1 1", "1 (x) S -1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 42",
		"1 (x) S 0 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 -42", "1 (x) S 0 1 1 0 -1 99999999999 1 2 3 4 5 6 7 8 20 0 1 0 42",
	} {
		if s, err := parseStat([]byte(line)); err == nil {
			t.Errorf("%q gives %+v", line, s)
		}
	}
}

func TestStatMeaning(t *testing.T) {
	for _, c := range []struct {
		terminal uint32
		want     string
	}{{0, ""}, {136<<8 | 5, "pts5"}, {137<<8 | 1, "pts257"}, {4<<8 | 1, "tty1"}, {4<<8 | 64, "ttyS0"}, {229 << 8, "hvc0"}, {136<<8 | 1<<20 | 2, "pts258"}} {
		if got := (&stat{terminal: c.terminal}).terminalName(); got != c.want {
			t.Errorf("terminal %#x is %q, want %q", c.terminal, got, c.want)
		}
	}
	if s := (stat{state: 'Z', threads: 3}); s.gone() {
		t.Error("a process whose main thread has exited is not gone")
	}
	if got := parseNamespace("mnt:[4026531840]"); got != 4026531840 {
		t.Errorf("namespace %d", got)
	}
	for _, s := range []string{"", "mnt", "mnt:[", "mnt:[x]", "mnt:[99999999999]", "mnt:[5"} {
		if got := parseNamespace(s); got != 0 {
			t.Errorf("%q is %d", s, got)
		}
	}
	e := decode.Exec{EUID: 9}
	parseStatus([]byte("Uid:\nGid:\tx\ty\nNSpid:\nCapEff:\n:\n"), &decode.Header{}, &e)
	if e.EUID != 9 || e.GID != 0 || e.NSPID != 0 {
		t.Errorf("got %+v", e)
	}
}

func FuzzStat(f *testing.F) {
	f.Add([]byte("1 (init) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 42 1 2 3"))
	f.Add([]byte("77 (a) b (c\n)) Z 1 1 1 34816 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 18446744073709551615"))
	f.Add([]byte(") ( "))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseStat(b)
		if err != nil {
			return
		}
		if len(s.comm) > len(b) || s.state == 0 {
			t.Fatalf("%q gives %+v", b, s)
		}
		_ = s.terminalName()
		_ = s.gone()
	})
}

func FuzzStatus(f *testing.F) {
	f.Add([]byte("Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t9\t1\nCapEff:\t000001ffffffffff\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		var h decode.Header
		var e decode.Exec
		parseStatus(b, &h, &e)
		parseNamespace(string(b))
		if len(b) >= 8 {
			_ = kernelDevice(binary.LittleEndian.Uint64(b))
		}
	})
}
