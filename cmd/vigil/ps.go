package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

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
	return print(c.out, tree(all, p.All))
}

// tree is a table of processes, each below the one that made it. Ended ones are
// in it where they hold the tree together, and all others below it when asked for.
func tree(all []sensor.ProcessView, ended bool) string {
	views, more := make([]process.View, len(all)), map[uint64]sensor.ProcessView{}
	for i, v := range all {
		views[i], more[v.ExecID] = v.View, v
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(v sensor.ProcessView, depth int) {
		fmt.Fprintf(w, "%016x\t%7d\t%s\t%s\t%s%s\n", v.ExecID, v.PID, printable(v.User), printable(v.Container),
			strings.Repeat("  ", depth), commandLine(v.View))
		delete(more, v.ExecID)
	}
	fmt.Fprintf(w, "EXEC ID\t%7s\tUSER\tCONTAINER\tCOMMAND\n", "PID")
	for _, n := range process.Tree(views) {
		row(more[n.ExecID], n.Depth)
	}
	for _, v := range all {
		if _, left := more[v.ExecID]; left && ended {
			row(v, 0)
		}
	}
	_ = w.Flush()
	return b.String()
}

func printable(s string) string { return decode.Printable([]byte(s)) }

// commandLine is how a process was called, and whether it has ended, fit for a
// terminal.
func commandLine(v process.View) string {
	var words []string
	for a := range decode.Arguments([]byte(strings.TrimRight(v.Arguments, "\x00"))) {
		words = append(words, decode.Printable(a))
	}
	switch {
	case v.Arguments != "":
	case v.Comm != "":
		words = []string{"[" + printable(v.Comm) + "]"}
	default:
		words = []string{"?"}
	}
	if !v.Running() {
		words = append(words, "(ended)")
	}
	return strings.Join(words, " ")
}
