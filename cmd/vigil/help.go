package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

const description = "Open protection for servers: sees what happens in the kernel, judges it, tells you."

const filterHelp = `A filter says which events to show: vigil run, events and replay take it as --filter.

  vigil events --filter 'kind=exec,connect uid!=0 exe~/tmp/'

Terms are parted by spaces, and all must hold. A term is a field, an operator and
values parted by commas, any of which may hold.

  =   is equal           !=  is equal to none of them
  ~   contains           !~  contains none of them

A value with a space, a comma or a quotation mark stands in "double quotes", where
\" and \\ are those characters. An empty value is none: container= is what runs in
no container.

  kind            kind of event: vigil doctor lists them; kind~file is all of files
  pid ppid tid uid cpu
  exec            exec ID, 16 hexadecimal digits: vigil ps shows them
  user name exe args cwd
                  of the process; args have spaces between them
  path            any path of the event
  ip              either end's address, or a network: ip=10.0.0.0/8
  port            either end's
  host            a name that is asked for over DNS
  flag            a word of the flags in --json: file_deleted, script
  container image pod
                  container is its name, or the beginning of its ID

Fields of the process are those of the new image for exec, else of who acts.
What was lost is shown whatever the filter says.
`

type helpCommand struct {
	Topic string `arg:"" optional:"" help:"A command, or filter."`
}

// Run shows the table of contents, a command's help, or a topic.
func (h *helpCommand) Run(c *console, parser *kong.Kong) error {
	var args []string
	switch {
	case h.Topic == "filter":
		return print(c.out, filterHelp)
	case isCommand(parser.Model.Node, h.Topic):
		args = []string{h.Topic}
	case h.Topic != "":
		return misuse{fmt.Errorf("help: there is no command or topic %q", h.Topic)}
	}
	ctx, err := kong.Trace(parser, args)
	if err != nil {
		return err
	}
	return ctx.PrintUsage(false)
}

func isCommand(all *kong.Node, name string) bool {
	for _, command := range all.Children {
		if command.Name == name {
			return true
		}
	}
	return false
}

// showHelp shows a command's help, or the table of contents.
func showHelp(o kong.HelpOptions, ctx *kong.Context) error {
	if ctx.Selected() != nil {
		return kong.DefaultHelpPrinter(o, ctx)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", description)
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	group := ""
	for _, command := range ctx.Model.Children {
		if command.Group.Key != group {
			group = command.Group.Key
			fmt.Fprintf(w, "\n%s\n", command.Group.Title)
		}
		fmt.Fprintf(w, "  vigil %s\t%s\n", command.Name, command.Help)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	b.WriteString(contentsEnd)
	return print(ctx.Stdout, b.String())
}

const contentsEnd = `
vigil help COMMAND explains a command, vigil help filter how to choose events.
Exit status: 0 done, 1 failed, 2 asked wrongly (flags, filter, configuration).
`
