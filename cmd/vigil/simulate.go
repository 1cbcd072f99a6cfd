package main

import "time"

type simulateCommand struct {
	socketFlag
	Name string `arg:"" optional:"" help:"A playbook: see --list."`
	All  bool   `help:"All of them, one after the other."`
	List bool   `help:"List the playbooks."`
	Tier string `help:"The best tier of the sensor that is started when none answers: full, kprobe, tracepoint." default:"full" placeholder:"TIER"`
	JSON bool   `name:"json" help:"As JSON lines."`

	Within time.Duration `help:"Fail when more than 1 of 100 alerts takes longer." placeholder:"50ms"`
}
