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
	if !p.JSON {
		return print(c.out, tree(all, p.All))
	}
	for _, v := range all {
		if p.All || v.Running() {
			if err := printJSON(c.out, lineOf(v)); err != nil {
				return fmt.Errorf("print: %w", err)
			}
		}
	}
	return nil
}

// processLine is a process as JSON. Exec IDs are hexadecimal, as in events: many
// readers of JSON round numbers of 64 bits.
type processLine struct {
	ExecID       string   `json:"exec_id"`
	ParentExecID string   `json:"parent_exec_id"`
	PID          uint32   `json:"pid"`
	PPID         uint32   `json:"ppid"`
	UID          uint32   `json:"uid"`
	User         string   `json:"user,omitempty"`
	Container    string   `json:"container,omitempty"`
	Name         string   `json:"name"`
	Path         string   `json:"path"`
	Arguments    []string `json:"args"`
	CWD          string   `json:"cwd"`
	Start        uint64   `json:"start_ns"` // since boot
	Running      bool     `json:"running"`
}

func lineOf(v sensor.ProcessView) processLine {
	return processLine{
		ExecID: fmt.Sprintf("%016x", v.ExecID), ParentExecID: fmt.Sprintf("%016x", v.ParentExecID), PID: v.PID, PPID: v.PPID, UID: v.UID,
		User: v.User, Container: v.Container, Name: v.Comm, Path: v.Path, Arguments: arguments(v.View), CWD: v.CWD, Start: v.Start,
		Running: v.Running(),
	}
}

func arguments(v process.View) []string {
	all := []string{}
	for a := range decode.Arguments([]byte(v.Arguments)) {
		all = append(all, string(a))
	}
	return all
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
	words := arguments(v)
	for i, w := range words {
		words[i] = printable(w)
	}
	switch {
	case len(words) > 0:
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
