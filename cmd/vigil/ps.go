package main

import (
	"bytes"
	"fmt"
	"strings"

	"vigil/decode"
	"vigil/sensor"
	"vigil/sensor/process"
)

type psCommand struct {
	socketFlag
	All  bool `help:"Ended processes too."`
	JSON bool `name:"json" help:"As JSON lines."`
}

// Run shows the process tree.
func (p *psCommand) Run(c *console) error {
	var all []sensor.ProcessView
	if err := p.getJSON(c.ctx, "/processes", &all); err != nil {
		return err
	}
	if p.JSON {
		for _, v := range all {
			if p.All || v.Running() {
				if err := printJSON(c.out, v); err != nil {
					return err
				}
			}
		}
		return nil
	}
	views, more := make([]process.View, len(all)), map[uint64]sensor.ProcessView{}
	for i, v := range all {
		views[i], more[v.ExecID] = v.View, v
	}
	fmt.Fprintf(c.out, "%-16s  %7s  %-10s  %-14s  %s\n", "EXEC ID", "PID", "USER", "CONTAINER", "COMMAND")
	for _, n := range process.Tree(views) {
		v := more[n.ExecID]
		if !p.All && !v.Running() && n.Children == 0 {
			continue
		}
		fmt.Fprintf(c.out, "%016x  %7d  %-10s  %-14s  %s%s\n", v.ExecID, v.PID, v.User, v.Container, strings.Repeat("  ", n.Depth), commandLine(v.View))
	}
	return nil
}

// commandLine is how a process was called, fit for a terminal.
func commandLine(v process.View) string {
	if v.Arguments == "" {
		return "[" + decode.Printable([]byte(v.Comm)) + "]"
	}
	var b strings.Builder
	for a := range decode.Arguments([]byte(strings.TrimRight(v.Arguments, "\x00"))) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(decode.Printable(bytes.Clone(a)))
	}
	return b.String()
}
