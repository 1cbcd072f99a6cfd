// Command vigil watches over a server: see `vigil help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"vigil/sensor/simulate"
)

// Exit statuses, of all commands.
const (
	exitFailure     = 1
	exitMisuse      = 2
	exitInterrupted = 128 + int(syscall.SIGINT) // as shells tell it, when a question was not answered
)

// version is set by the build.
var version = "development"

type cli struct {
	Run    runCommand    `cmd:"" help:"Watch this host: print events and alerts until stopped." group:"Watch"`
	Events eventsCommand `cmd:"" help:"Follow the events of a running sensor." group:"Watch"`
	Alerts alertsCommand `cmd:"" help:"Show the alerts of a running sensor, or follow them." group:"Watch"`
	Ps     psCommand     `cmd:"" name:"ps" help:"Show the processes a running sensor knows, as a tree." group:"Watch"`
	Replay replayCommand `cmd:"" help:"Show a recorded capture again, and judge it again." group:"Watch"`
	Status statusCommand `cmd:"" help:"Show how a running sensor is, and what it could not see." group:"Check"`
	Doctor doctorCommand `cmd:"" help:"Check what this host lets a sensor see, and say what to mend." group:"Check"`
	Rules  rulesCommand  `cmd:"" help:"Check, test and list detection rules (Sigma), and what they cover." group:"Check"`

	Batch    batchCommand    `cmd:"" help:"Show what a batch of a sensor's has." group:"Check"`
	Simulate simulateCommand `cmd:"" help:"Make the events of attacks, without the damage, and see whether the alerts come." group:"Check"`
	Up       upCommand       `cmd:"" help:"Start everything on this host: server, console and sensor." group:"Server"`
	Server   serverCommand   `cmd:"" help:"Run the server that sensors ship to, with its console." group:"Server"`
	Enroll   enrollCommand   `cmd:"" help:"Make this host a sensor of a server." group:"Server"`
	Password passwordCommand `cmd:"" help:"Give a user of the server a new password." group:"Server"`

	Help helpCommand `cmd:"" help:"Show this, the help of a command, or how to write a filter." group:"About"`

	Version versionCommand `cmd:"" help:"Show the version." group:"About"`
}

func main() {
	// Nobody reads the profile, which takes more than a megabyte of a sensor's.
	runtime.MemProfileRate = 0
	if simulate.Part() { // a copy of this program, in a playbook
		return
	}
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // whoever asks twice does not wait for a clean end
	// Taken, a broken pipe is an error of the write; not taken, Go ends the program at it.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	c := newConsole(ctx)
	exited := -1
	parser, err := kong.New(&cli{}, kong.Name("vigil"), kong.Description(description),
		kong.Exit(func(code int) { exited = code }), kong.Writers(c.out, c.err), kong.Help(showHelp),
		kong.Vars{"state": stateDir, "data": dataDir},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}))
	if err != nil {
		return report(c, err, "")
	}
	if len(args) == 0 {
		args = []string{"help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		var parse *kong.ParseError
		if errors.As(err, &parse) {
			parsed = parse.Context
		}
		return report(c, misuse{err}, topicOf(parsed))
	}
	return report(c, parsed.Run(c, parser), topicOf(parsed))
}

// topicOf is what `vigil help` explains the command under.
func topicOf(parsed *kong.Context) string {
	if parsed == nil || parsed.Selected() == nil || parsed.Selected().Name == "help" {
		return ""
	}
	command := parsed.Selected()
	for command.Parent != nil && command.Parent.Type == kong.CommandNode {
		command = command.Parent
	}
	return command.Name
}

// misuse marks an error that who wrote the command line, or the configuration, is
// to blame for.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// badFilter is a misuse that the help of filters explains.
type badFilter struct{ misuse }

func (b badFilter) Unwrap() error { return b.misuse }

// report says what went wrong, in one line, and gives the exit status.
func report(c *console, err error, topic string) int {
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // the reader has seen enough
		return 0
	case errors.As(err, &badFilter{}):
		topic = "filter"
		fallthrough
	case errors.As(err, &misuse{}):
		fmt.Fprintf(c.err, "vigil: %s (see %s)\n", oneLine(err), strings.TrimSpace("vigil help "+topic))
		return exitMisuse
	case c.ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	fmt.Fprintf(c.err, "vigil: %s\n", oneLine(err))
	return exitFailure
}

type versionCommand struct {
	JSON bool `name:"json" help:"As JSON."`
}

// Run shows the version.
func (v *versionCommand) Run(c *console) error {
	if v.JSON {
		return printJSON(c.out, map[string]string{"version": version})
	}
	return print(c.out, "vigil "+version+"\n")
}

func print(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
