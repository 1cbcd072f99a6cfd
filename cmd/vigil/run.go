package main

import "vigil/sensor"

type runCommand struct {
	filterFlag
	judgeFlags
	Config  string      `help:"Configuration file (YAML). None is needed." type:"path" placeholder:"FILE"`
	Scope   string      `help:"What to watch: host, self (the command behind --), pid:N and what it starts, cgroup:/PATH." placeholder:"SCOPE"`
	Kinds   []string    `help:"Only these kinds of events." placeholder:"KIND"`
	Tier    string      `help:"The best tier to use: full, kprobe, tracepoint." placeholder:"TIER"`
	JSON    bool        `name:"json" help:"As JSON lines (OCSF)."`
	NoJudge bool        `help:"Capture and record only: raise no alerts."`
	Quiet   bool        `help:"Print no events: answer on the socket only."`
	Record  string      `help:"Record the capture to a file, for vigil replay." type:"path" placeholder:"FILE"`
	Vital   sensor.Size `help:"Size of the vital ring." placeholder:"8MiB"`
	Bulk    sensor.Size `help:"Size of the bulk ring." placeholder:"16MiB"`
	Socket  *string     `help:"Where to answer; empty: nowhere." placeholder:"PATH"`
	State   string      `help:"Where what vigil enroll wrote is, and what waits for the server." type:"path" placeholder:"DIR" default:"${state}"`
	Command []string    `arg:"" optional:"" passthrough:"partial" help:"Behind --: a command to start. When it ends, the watch does."`
}

// judgeFlags say what to judge by, beside Vigil's own rules.
type judgeFlags struct {
	Rules        []string `help:"A directory of Sigma rules to judge by, beside Vigil's own." type:"path" placeholder:"DIR"`
	Intelligence []string `help:"A list of addresses, networks and domains to look for, one a line." type:"path" placeholder:"FILE"`
}
