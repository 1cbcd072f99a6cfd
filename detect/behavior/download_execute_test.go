package behavior

import (
	"testing"
	"time"

	"vigil/decode"
)

func TestDownloadExecute(t *testing.T) {
	curl := who{id: 10, parent: 9, path: "/usr/bin/curl"}
	sh := who{id: 11, parent: 9, path: "/usr/bin/dash"}
	run := who{id: 12, parent: 9, path: "/tmp/a"}
	tar := who{id: 13, parent: 9, path: "/usr/bin/tar"}
	file := decode.FileIdentity{Inode: 77, Device: 5}
	wrote := func(w who, at time.Duration, path string) *Event {
		return w.by(at, decode.KindFileWrite, decode.FileWrite{File: file, Bytes: 100, Writes: 1}, path)
	}
	image := func(at time.Duration) *Event { return run.execOf(at, decode.Exec{Inode: 77, Device: 5}, "a\x00") }
	const ran, piped = "vigil-download-execute", "vigil-download-pipe"
	const tty, pipe = decode.StdioTTY, decode.StdioPipe
	play(t, func() Machine { return NewDownloadExecute(seed()) }, []scene{
		{"run at once, told once", []*Event{wrote(curl, 0, "/tmp/a"), image(time.Second), image(2 * time.Second)}, []string{ran}},
		{"renamed, then run", []*Event{wrote(curl, 0, "/tmp/b"), run.renames(ms, "/tmp/b", "/tmp/c"), sh.exec(time.Second, "sh\x00/tmp/c\x00")}, []string{ran}},
		{"a script, by a relative path", []*Event{wrote(curl, 0, "/home/eve/i.sh"), sh.exec(time.Second, "sh\x00./i.sh\x00")}, []string{ran}},
		{"only opened yet", []*Event{curl.opens(0, "/home/eve/i.sh"), sh.exec(time.Second, "sh\x00i.sh\x00")}, []string{ran}},
		{"the write told after the exec", []*Event{curl.exec(0, "curl\x00", tty, tty), image(10 * ms), wrote(curl, 0, "/tmp/a")}, []string{ran}},
		{"run, then written anew", []*Event{curl.exec(0, "curl\x00", tty, tty), image(0), wrote(curl, 10*ms, "/tmp/a")}, nil},
		{"piped into a shell", []*Event{curl.exec(0, "curl\x00http://x\x00", tty, pipe), sh.exec(ms, "sh\x00", pipe, tty)}, []string{piped}},
		{"the shell first", []*Event{sh.exec(0, "sh\x00-s\x00", pipe, tty), curl.exec(ms, "curl\x00http://x\x00", tty, pipe)}, []string{piped}},

		{"a day later", []*Event{wrote(curl, 0, "/tmp/a"), image(24 * time.Hour)}, nil},
		{"unpacked by tar, then run", []*Event{wrote(tar, 0, "/tmp/a"), image(time.Second)}, nil},
		{"another file is run", []*Event{wrote(curl, 0, "/tmp/a.tgz"), run.exec(time.Second, "a\x00")}, nil},
		{"the download is read by a shell script", []*Event{wrote(curl, 0, "/tmp/data"), sh.exec(time.Second, "sh\x00work.sh\x00/tmp/data\x00")}, nil},
		{"thrown away", []*Event{curl.opens(0, "/dev/null"), sh.exec(ms, "sh\x00/dev/null\x00")}, nil},
		{"piped into a script that reads it", []*Event{curl.exec(0, "curl\x00http://x\x00", tty, pipe), sh.exec(ms, "sh\x00work.sh\x00", pipe, tty)}, nil},
		{"pipes of different parents", []*Event{
			curl.exec(0, "curl\x00http://x\x00", tty, pipe), who{id: 20, parent: 19, path: "/bin/sh"}.exec(ms, "sh\x00", pipe, tty),
		}, nil},
		{"a minute apart", []*Event{curl.exec(0, "curl\x00http://x\x00", tty, pipe), sh.exec(time.Minute, "sh\x00", pipe, tty)}, nil},
	})
}
