package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// File is a file of OCSF JSON lines.
type File struct {
	Path     string `json:"path,omitempty"`     // empty: the standard output
	MaxBytes int64  `json:"maxBytes,omitempty"` // of the file, then it becomes PATH.1, and what was that PATH.2; 0: 100 MiB
	Keep     int    `json:"keep,omitempty"`     // how many of those; 0: 5
}

func (f *File) check() error {
	switch {
	case f.MaxBytes < 0 || f.MaxBytes > 0 && f.MaxBytes < 4096:
		return fmt.Errorf("maxBytes: %d is too small: give at least 4096, or 0 for 100 MiB", f.MaxBytes)
	case f.Keep < 0 || f.Keep > 1000:
		return fmt.Errorf("keep: %d: give 1 to 1000, or 0 for 5", f.Keep)
	case f.Path == "":
		return nil
	}
	if i, err := os.Stat(f.Path); err == nil && !i.Mode().IsRegular() {
		return fmt.Errorf("path: %s is no regular file: give another", f.Path)
	}
	if i, err := os.Stat(filepath.Dir(f.Path)); err != nil || !i.IsDir() {
		return fmt.Errorf("path: there is no directory %s: make it", filepath.Dir(f.Path))
	}
	return nil
}

func (f *File) open(_ *Config, s Services) (destination, error) {
	if f.Path == "" {
		return &lineWriter{out: s.Stdout}, nil
	}
	c := *f
	if c.MaxBytes == 0 {
		c.MaxBytes = 100 << 20
	}
	if c.Keep == 0 {
		c.Keep = 5
	}
	return &fileWriter{config: c}, nil
}

// fileWriter writes lines. What it cannot write whole it takes back, so that the file
// has whole lines only, at a full disk too.
type fileWriter struct {
	config File
	file   *os.File
	size   int64
	buf    []byte
}

func (w *fileWriter) describe() (where, confirmed string) {
	return "file " + w.config.Path, "written, and fsync said yes"
}

func (w *fileWriter) close() error {
	if w.file == nil {
		return nil
	}
	f := w.file
	w.file = nil
	return f.Close()
}

func (w *fileWriter) send(_ context.Context, b *batch) error {
	for from := 0; from < len(b.items); {
		if err := w.ready(len(b.items[from].JSON) + 1); err != nil {
			return err
		}
		w.buf = w.buf[:0]
		to := from
		for ; to < len(b.items); to++ {
			line := b.items[to].JSON
			if to > from && w.size+int64(len(w.buf)+len(line)+1) > w.config.MaxBytes {
				break
			}
			w.buf = append(append(w.buf, line...), '\n')
		}
		if err := w.write(w.buf); err != nil {
			return err
		}
		b.deliver(from, to)
		from = to
	}
	return nil
}

// ready opens the file, and turns it when so many bytes more are too many.
func (w *fileWriter) ready(more int) error {
	if w.file == nil {
		if err := w.reopen(); err != nil {
			return err
		}
	}
	if w.size == 0 || w.size+int64(more) <= w.config.MaxBytes {
		return nil
	}
	if err := w.close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	for n := w.config.Keep - 1; n >= 0; n-- {
		if err := os.Rename(w.old(n), w.old(n+1)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("turn: %w", err)
		}
	}
	return w.reopen()
}

func (w *fileWriter) old(n int) string {
	if n == 0 {
		return w.config.Path
	}
	return fmt.Sprintf("%s.%d", w.config.Path, n)
}

// reopen opens the file at its end. A line that a crash left without its end goes: it
// was never counted as delivered.
func (w *fileWriter) reopen() error {
	f, err := os.OpenFile(w.config.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	end, err := lastLine(f)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("open at its last line: %w", err)
	}
	w.file, w.size = f, end
	return nil
}

// lastLine gives the place after the last line end.
func lastLine(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	var block [4096]byte
	for end > 0 {
		n := min(end, int64(len(block)))
		if _, err := f.ReadAt(block[:n], end-n); err != nil {
			return 0, err
		}
		for i := n; i > 0; i-- {
			if block[i-1] == '\n' {
				return end - n + i, nil
			}
		}
		end -= n
	}
	return 0, nil
}

// write writes all or nothing: after an error the file is as it was, or is opened anew,
// which takes a torn line away.
func (w *fileWriter) write(lines []byte) error {
	_, err := w.file.Write(lines)
	if err == nil {
		err = w.file.Sync()
	}
	if err == nil {
		w.size += int64(len(lines))
		return nil
	}
	if back := w.file.Truncate(w.size); back != nil {
		err = errors.Join(err, back)
	}
	_ = w.close()
	return fmt.Errorf("write: %w", err)
}

// lineWriter writes to what cannot take back, such as a pipe.
type lineWriter struct {
	out io.Writer
	buf []byte
}

func (w *lineWriter) describe() (where, confirmed string) { return "standard output", "written" }

func (w *lineWriter) close() error { return nil }

func (w *lineWriter) send(ctx context.Context, b *batch) error {
	for i := range b.items {
		w.buf = append(append(w.buf[:0], b.items[i].JSON...), '\n')
		if _, err := w.out.Write(w.buf); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		b.deliver(i, i+1)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
