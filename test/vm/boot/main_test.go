package main

import (
	"io"
	"slices"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{
		"-kernel", "6.1", "-cpus", "1", "-mem", "512", "-append", "lsm=bpf", "-timeout", "1m", "-out", "results",
		"-file", "a:/b", "-file", "c:/d", "-env", "A=b=c", "-env", "E=", "-load", "tun,veth",
		"--", "/b", "-test.v",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	m := o.machine
	switch {
	case o.line != "6.1", o.timeout != time.Minute,
		m.CPUs != 1, m.MemoryMB != 512, m.Append != "lsm=bpf", m.Out != "results",
		len(m.Files) != 2, m.Files[1].Host != "c", m.Files[1].Guest != "/d",
		!slices.Equal(m.Env, []string{"A=b=c", "E="}),
		!slices.Equal(m.Load, []string{"tun", "veth"}),
		!slices.Equal(m.Command, []string{"/b", "-test.v"}):
		t.Errorf("got %+v", o)
	}
}

func TestParseCounted(t *testing.T) {
	o, err := parse([]string{"-counted", "-cpus", "4", "--", "x"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !o.machine.Counted || o.machine.CPUs != 1 {
		t.Errorf("got %+v, want one CPU, counted", o.machine)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"-kernel", "6.1"},
		{"-file", "a", "--", "x"},
		{"-file", "a:relative", "--", "x"},
		{"-env", "novalue", "--", "x"},
		{"-cpus", "0", "--", "x"},
		{"-timeout", "0s", "--", "x"},
	} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q is no error", args)
		}
	}
}
