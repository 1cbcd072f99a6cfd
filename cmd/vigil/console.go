package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"vigil/decode"
)

// console is what a command may write to and listen to.
type console struct {
	ctx      context.Context
	out, err io.Writer
	colour   bool // out is a terminal that may show colours
}

func newConsole(ctx context.Context) *console {
	colour := os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(os.Stdout)
	return &console{ctx: ctx, out: os.Stdout, err: os.Stderr, colour: colour}
}

func (c *console) style() decode.Style { return decode.Style{Colour: c.colour} }

// oneLine is an error fit for a terminal: joined errors part by semicolons, and
// what could act on the terminal (names of files can) is escaped as in Go source.
func oneLine(err error) string {
	if all, ok := err.(interface{ Unwrap() []error }); ok && err.Error() == errors.Join(all.Unwrap()...).Error() {
		var lines []string
		for _, e := range all.Unwrap() {
			lines = append(lines, oneLine(e))
		}
		return strings.Join(lines, "; ")
	}
	var b strings.Builder
	for text := strings.TrimSpace(err.Error()); len(text) > 0; {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 || !strconv.IsPrint(r) {
			quoted := strconv.Quote(text[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}
