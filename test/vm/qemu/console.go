package qemu

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// tailLines is how much of the console a failure shows.
const tailLines = 40

// A console follows what the guest prints: it passes on what the command says,
// and learns what became of it.
type console struct {
	out   io.Writer
	now   func() time.Time
	fatal *regexp.Regexp

	kernel   string    // the release, once the guest is up
	up       time.Time // when that was
	exited   bool      // the command has ended, with status
	status   int
	unsent   bool   // the guest could not send its files
	failure  string // why the guest's word no longer counts
	tail     []string
	writeErr error
}

func newConsole(out io.Writer) *console {
	return &console{
		out: out,
		now: time.Now,
		// With the kernel's time stamp before it: a program may print the words.
		fatal: regexp.MustCompile(`\[ *\d+\.\d{6}\].*?(Kernel panic - not syncing.*|BUG: soft lockup.*)`),
	}
}

// follow reads to the end of r. It calls ended once, when nothing that matters
// can come any more: the command has exited, or the kernel has failed.
func (c *console) follow(r io.Reader, ended func()) error {
	const longest = 64 << 10 // a longer line is passed on in pieces
	lines := bufio.NewReaderSize(r, longest)
	told := false
	for {
		piece, err := lines.ReadSlice('\n')
		if len(piece) > 0 {
			c.piece(string(piece))
		}
		if !told && (c.exited || c.failure != "") {
			told = true
			ended()
		}
		switch {
		case err == nil, errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return c.writeErr
		default:
			return fmt.Errorf("read the console: %w", err)
		}
	}
}

// piece takes a line, or a part of one that is too long.
func (c *console) piece(text string) {
	text = strings.ReplaceAll(text, "\r", "")
	if len(c.tail) == tailLines {
		c.tail = append(c.tail[:0], c.tail[1:]...)
	}
	c.tail = append(c.tail, strings.TrimSuffix(text, "\n"))

	if c.exited {
		return
	}
	if found := c.fatal.FindStringSubmatch(text); found != nil && c.failure == "" {
		c.failure = strings.TrimSpace(found[1])
	}
	if c.kernel == "" {
		if _, release, found := strings.Cut(text, markKernel); found {
			c.kernel, c.up = strings.TrimSpace(release), c.now()
		}
		return
	}
	if before, after, found := strings.Cut(text, markExit); found {
		// Not at the start of its line if the command did not end its last one.
		status, err := strconv.ParseUint(strings.TrimSpace(after), 10, 8)
		if err != nil {
			c.failure = fmt.Sprintf("the exit status %q is not one", strings.TrimSpace(after))
			return
		}
		c.exited, c.status = true, int(status)
		text = before
	}
	if strings.Contains(text, markOut) {
		c.unsent = true
	}
	if _, err := io.WriteString(c.out, text); err != nil && c.writeErr == nil {
		c.writeErr = fmt.Errorf("pass on the console: %w", err)
	}
}
