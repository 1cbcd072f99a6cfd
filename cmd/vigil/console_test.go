package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"vigil/decode"
	"vigil/sensor"
	"vigil/sensor/process"
)

func TestOneLine(t *testing.T) {
	file := errors.New("open /tmp/a\nb\x1b[2J\u202e\xff \\ \"ü\": no such file")
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("plain, as it is\n"), "plain, as it is"},
		{file, `open /tmp/a\nb\x1b[2J\u202e\xff \ "ü": no such file`},
		{errors.Join(file, errors.New("second")), `open /tmp/a\nb\x1b[2J\u202e\xff \ "ü": no such file; second`},
		{fmt.Errorf("both: %w and %w", errors.New("a"), errors.New("b")), "both: a and b"},
		{fmt.Errorf("around: %w", errors.Join(errors.New("a"), errors.New("b"))), `around: a\nb`},
	} {
		if got := oneLine(c.err); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestReport(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		ctx    context.Context
		err    error
		status int
		says   string
	}{
		{context.Background(), nil, 0, ""},
		{context.Background(), errors.New("broken"), 1, "vigil: broken\n"},
		{context.Background(), misuse{errors.New("what?")}, 2, "vigil: what? (see vigil help run)\n"},
		{context.Background(), fmt.Errorf("run: %w", misuse{errors.New("what?")}), 2, "vigil: run: what? (see vigil help run)\n"},
		{context.Background(), badFilter{misuse{errors.New("column 1")}}, 2, "vigil: column 1 (see vigil help filter)\n"},
		{context.Background(), fmt.Errorf("print: %w", syscall.EPIPE), 0, ""},
		{context.Background(), fmt.Errorf("ask: %w", context.Canceled), 1, "vigil: ask: context canceled\n"},
		{ended, fmt.Errorf("ask: %w", context.Canceled), 130, ""},
		{ended, errors.New("broken"), 1, "vigil: broken\n"},
	} {
		var b strings.Builder
		if got := report(&console{ctx: c.ctx, err: &b}, c.err, "run"); got != c.status || b.String() != c.says {
			t.Errorf("%v: %d %q, want %d %q", c.err, got, b.String(), c.status, c.says)
		}
	}
}

func TestTree(t *testing.T) {
	view := func(id, parent uint64, pid uint32, comm, arguments, user string, flags process.Flag) sensor.ProcessView {
		v := sensor.ProcessView{User: user}
		v.ExecID, v.ParentExecID, v.PID, v.Comm, v.Arguments, v.Flags = id, parent, pid, comm, arguments, flags
		return v
	}
	all := []sensor.ProcessView{
		view(1, 0, 1, "systemd", "/sbin/init\x00", "root", 0),
		view(2, 1, 400, "nginx", "nginx\x00-g\x00daemon off;\x00", "a-user-with-a-long-name", 0),
		view(3, 2, 4194304, "\x1b[2J", "sh\x00\x1b]0;title\a\n\x00", "33\n", 0),
		view(4, 1, 2, "kworker/0:1", "", "", 0),
		view(5, 1, 9, "", "", "", 0),
		view(6, 1, 10, "gone", "gone\x00", "root", process.FlagExited),
	}
	got := tree(all, false)
	want := `EXEC ID               PID  USER                     CONTAINER  COMMAND
0000000000000001        1  root                                /sbin/init
0000000000000004        2                                        [kworker/0:1]
0000000000000005        9                                        ?
0000000000000002      400  a-user-with-a-long-name               nginx -g daemon off;
0000000000000003  4194304  33\n                                    sh \x1b]0;title\x07\n
`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	want += "0000000000000006       10  root                                gone (ended)\n"
	if got := tree(all, true); got != want {
		t.Errorf("with those that ended:\n%s\nwant\n%s", got, want)
	}
}

// The help of filters names every field: the error for one that there is not lists them.
func TestFilterHelpIsWhole(t *testing.T) {
	_, err := decode.ParseFilter("none=1")
	_, fields, listed := strings.Cut(err.Error(), "there are ")
	if !listed {
		t.Fatal(err)
	}
	words := strings.Fields(filterHelp)
	for _, field := range strings.Fields(fields) {
		if !slices.Contains(words, field) {
			t.Errorf("vigil help filter does not name %s", field)
		}
	}
}
