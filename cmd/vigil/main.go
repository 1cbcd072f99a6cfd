// Command vigil watches over a server: see `vigil help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit statuses, of all commands.
const (
	exitFailure = 1
	exitMisuse  = 2
)

// version is set by the build.
var version = "development"

type cli struct {
	Run    runCommand    `cmd:"" help:"Watch this host: print events and alerts until stopped." group:"Watch"`
	Events eventsCommand `cmd:"" help:"Follow the events of a running sensor." group:"Watch"`
	Ps     psCommand     `cmd:"" name:"ps" help:"Show the processes a running sensor knows, as a tree." group:"Watch"`
	Replay replayCommand `cmd:"" help:"Show a recorded capture again." group:"Watch"`
	Status statusCommand `cmd:"" help:"Show how a running sensor is, and what it could not see." group:"Check"`
	Doctor doctorCommand `cmd:"" help:"Check what this host lets a sensor see, and say what to mend." group:"Check"`
	Help   helpCommand   `cmd:"" help:"Show this, or the help of a command." group:"About"`

	Version versionCommand `cmd:"" help:"Show the version." group:"About"`
}

// console is what a command may write to and listen to.
type console struct {
	ctx      context.Context
	out, err io.Writer
	colour   bool // out is a terminal that may show colours
	terminal bool
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	terminal := isTerminal(os.Stdout)
	c := &console{ctx: ctx, out: os.Stdout, err: os.Stderr, terminal: terminal, colour: terminal && os.Getenv("NO_COLOR") == ""}
	exited := -1
	var commands cli
	parser, err := kong.New(&commands, kong.Name("vigil"),
		kong.Description("Open protection for servers: sees what happens in the kernel, judges it, tells you."),
		kong.UsageOnError(), kong.Exit(func(code int) { exited = code }), kong.Writers(c.out, c.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}))
	if err != nil {
		fmt.Fprintln(os.Stderr, "vigil:", err)
		return exitFailure
	}
	if len(args) == 0 {
		args = []string{"help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err == nil {
		err = parsed.Run(c)
	} else {
		err = misuse{err}
	}
	return report(c, err)
}

// misuse marks an error that the command line is to blame for.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

func report(c *console, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(c.err, "vigil:", err)
	var m misuse
	if errors.As(err, &m) {
		fmt.Fprintln(c.err, "Try: vigil help")
		return exitMisuse
	}
	return exitFailure
}

type helpCommand struct {
	Command string `arg:"" optional:"" help:"The command to explain."`
}

// Run shows the table of contents, or a command's help.
func (h *helpCommand) Run(_ *console) error {
	args := []string{"--help"}
	if h.Command != "" {
		args = []string{h.Command, "--help"}
	}
	if run(args) != 0 {
		return misuse{fmt.Errorf("no command %q", h.Command)}
	}
	return nil
}

type versionCommand struct {
	JSON bool `name:"json" help:"As JSON."`
}

// Run shows the version.
func (v *versionCommand) Run(c *console) error {
	if v.JSON {
		return printJSON(c.out, map[string]string{"version": version})
	}
	fmt.Fprintln(c.out, "vigil", version)
	return nil
}

func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
