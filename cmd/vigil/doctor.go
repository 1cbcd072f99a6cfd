package main

type doctorCommand struct {
	Tier string `help:"The best tier to try." default:"full"`
	JSON bool   `name:"json" help:"As JSON."`
}
