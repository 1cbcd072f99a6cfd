package qemu

import (
	"fmt"
	"strings"
	"testing"
)

func TestConsole(t *testing.T) {
	const up = "SeaBIOS\r\n[    0.1] noise\r\nvigil-vm: kernel 6.12.9-x\r\n"
	tests := []struct {
		name, in string
		out      string
		status   int
		exited   bool
		failure  string
	}{
		{
			name: "passes on what the command prints, and no more",
			in:   up + "hello\r\nworld\r\nvigil-vm: exit 0\r\n[    4.1] reboot: Power down\r\n",
			out:  "hello\nworld\n", exited: true,
		},
		{
			name: "status",
			in:   up + "vigil-vm: exit 137\r\n",
			out:  "", status: 137, exited: true,
		},
		{
			name: "last line of the command without its end",
			in:   up + "no newlinevigil-vm: exit 3\r\n",
			out:  "no newline", status: 3, exited: true,
		},
		{
			name: "a marker before the guest is up",
			in:   "vigil-vm: exit 4\r\n",
		},
		{
			name:    "a status that is none",
			in:      up + "vigil-vm: exit 999\r\n",
			failure: `the exit status "999" is not one`,
		},
		{
			name:    "panic while starting",
			in:      "[    0.813322] Kernel panic - not syncing: VFS: no root\r\n",
			failure: "Kernel panic - not syncing: VFS: no root",
		},
		{
			name:    "panic in the middle of a line",
			in:      up + "--- PASS[   12.345678][    T1] Kernel panic - not syncing: Fatal exception\r\n[   12.4] more\r\n",
			out:     "--- PASS[   12.345678][    T1] Kernel panic - not syncing: Fatal exception\n[   12.4] more\n",
			failure: "Kernel panic - not syncing: Fatal exception",
		},
		{
			name:    "lock-up, with an exit after it",
			in:      up + "[   40.000001] watchdog: BUG: soft lockup - CPU#1 stuck for 22s!\r\nvigil-vm: exit 0\r\n",
			out:     "[   40.000001] watchdog: BUG: soft lockup - CPU#1 stuck for 22s!\n",
			failure: "BUG: soft lockup - CPU#1 stuck for 22s!", exited: true,
		},
		{
			name: "a program that only speaks of one",
			in:   up + "rule: Kernel panic - not syncing\r\nvigil-vm: exit 0\r\n",
			out:  "rule: Kernel panic - not syncing\n", exited: true,
		},
		{
			name: "a very long line",
			in:   up + strings.Repeat("x", 200<<10) + "\r\nvigil-vm: exit 0\r\n",
			out:  strings.Repeat("x", 200<<10) + "\n", exited: true,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			c := newConsole(&out)
			ended := 0
			if err := c.follow(strings.NewReader(test.in), func() { ended++ }); err != nil {
				t.Fatal(err)
			}
			if out.String() != test.out {
				t.Errorf("passed on %.200q, want %.200q", out.String(), test.out)
			}
			if c.exited != test.exited || c.status != test.status || c.failure != test.failure {
				t.Errorf("exited %v with %d, failure %q; want %v, %d, %q",
					c.exited, c.status, c.failure, test.exited, test.status, test.failure)
			}
			wantEnded := 0
			if test.exited || test.failure != "" {
				wantEnded = 1
			}
			if ended != wantEnded {
				t.Errorf("told of the end %d times, want %d", ended, wantEnded)
			}
			if strings.HasPrefix(test.in, up) && (c.kernel != "6.12.9-x" || c.up.IsZero()) {
				t.Errorf("kernel %q, up at %v", c.kernel, c.up)
			}
		})
	}
}

func TestConsoleTail(t *testing.T) {
	var in strings.Builder
	for i := range 100 {
		fmt.Fprintf(&in, "line %d\r\n", i)
	}
	c := newConsole(&strings.Builder{})
	if err := c.follow(strings.NewReader(in.String()), func() {}); err != nil {
		t.Fatal(err)
	}
	if len(c.tail) != tailLines || c.tail[0] != "line 60" || c.tail[tailLines-1] != "line 99" {
		t.Errorf("tail of %d lines: %q", len(c.tail), c.tail)
	}
}

func TestCommandScript(t *testing.T) {
	got := commandScript([]string{"A=it's", "B="}, []string{"/bin/x", "a b", "$HOME", "'"})
	want := `export A='it'\''s'
export B=''
exec '/bin/x' 'a b' '$HOME' ''\'''
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
