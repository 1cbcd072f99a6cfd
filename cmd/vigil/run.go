package main

import (
	"vigil/decode"
	"vigil/sensor"
)

type runCommand struct {
	Config  string      `help:"Configuration file (YAML). None is needed." type:"path" placeholder:"FILE"`
	Scope   string      `help:"What to watch: host, self (the command behind --), pid:N and what it starts, cgroup:/PATH." placeholder:"SCOPE"`
	Kinds   []string    `help:"Only these kinds of events." placeholder:"KIND,..."`
	Tier    string      `help:"The best tier to use: full, kprobe, tracepoint." placeholder:"TIER"`
	JSON    bool        `name:"json" help:"As JSON lines (OCSF)."`
	Quiet   bool        `help:"Print no events: answer on the socket only."`
	Record  string      `help:"Record the capture to a file, for vigil replay." type:"path" placeholder:"FILE"`
	Vital   sensor.Size `help:"Size of the vital ring." placeholder:"8MiB"`
	Bulk    sensor.Size `help:"Size of the bulk ring." placeholder:"16MiB"`
	Socket  string      `help:"Where to answer." placeholder:"PATH"`
	Command []string    `arg:"" optional:"" passthrough:"" help:"A command to start and watch."`
}

type style = decode.Style

func styleOf(c *console) style { return style{Colour: c.colour} }

// appendLine appends an event as a line for eyes, with the alert about it below.
func appendLine(dst []byte, e *sensor.Event, s style) []byte {
	dst = append(decode.AppendText(dst, e.Record, e.Actor, s), '\n')
	if f := e.Finding; f != nil {
		if s.Colour {
			dst = append(dst, "\x1b[1;31m"...)
		}
		dst = append(dst, "ALERT "...)
		dst = append(append(dst, f.Severity.String()...), ": "...)
		dst = append(append(dst, f.Title...), " ("...)
		dst = append(append(dst, f.Technique...), ") "...)
		dst = append(dst, f.Next...)
		if s.Colour {
			dst = append(dst, "\x1b[0m"...)
		}
		dst = append(dst, '\n')
	}
	return dst
}
