package simulate

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	texts    = 40
	textSize = 8 << 10

	// longestHeld is how long a program stays when nobody ends its input.
	longestHeld = 3 * time.Second
)

func textName(path string, i int) string { return fmt.Sprintf("%s%d.txt", path, i) }

// writeTexts makes the files that overwrite is to find.
func writeTexts(path string) error {
	text := bytes.Repeat([]byte("made by vigil simulate\n"), textSize/23+1)
	for i := range texts {
		if err := os.WriteFile(textName(path, i), text[:textSize], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// overwrite puts chance in the place of texts, then stays until its input ends: the
// sensor finds files in a mount namespace of their own only while somebody lives there.
func (p *part) overwrite() error {
	var chance [textSize]byte
	for i := range texts {
		f, err := os.OpenFile(textName(p.Path, i), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, _ = rand.Read(chance[:]) // never fails
		_, err = f.Write(chance[:])
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return untilInputEnds(time.Now().Add(longestHeld))
}

// untilInputEnds waits until standard input ends or has something, at most until then.
func untilInputEnds(until time.Time) error {
	for {
		left := time.Until(until).Milliseconds()
		_, err := unix.Poll([]unix.PollFd{{Fd: 0, Events: unix.POLLIN}}, int(max(left, 0)))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
