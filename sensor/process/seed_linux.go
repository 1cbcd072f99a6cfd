package process

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strconv"
	"syscall"

	"vigil/decode"
)

// Seeds tells of the processes that run according to the /proc at root, for a
// kernel without a task iterator. They come without exec IDs and cgroups, and
// their start is known to 10 ms: the table gives them provisional IDs until the
// kernel tells the true ones. Only the stat of a process is read before inScope
// is asked about it; nil takes all. A seed and its texts are valid until the
// next. A process that cannot be read wholly comes with an error and what could
// be read; one that is gone does not come.
func Seeds(root string, inScope func(pid, ppid uint32) bool) iter.Seq2[Seed, error] {
	return func(yield func(Seed, error) bool) {
		dir, err := os.Open(root)
		if err != nil {
			yield(Seed{}, fmt.Errorf("seed from proc: %w", err))
			return
		}
		defer func() { _ = dir.Close() }()
		r := &proc{root: root}
		for {
			names, err := dir.Readdirnames(256)
			for _, name := range names {
				pid, bad := strconv.ParseUint(name, 10, 32)
				if bad != nil || pid == 0 {
					continue
				}
				if seed, ok, err := r.seed(uint32(pid), inScope); ok && !yield(seed, err) {
					return
				}
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					yield(Seed{}, fmt.Errorf("seed from proc: %w", err))
				}
				return
			}
		}
	}
}

func (r *proc) seed(pid uint32, inScope func(pid, ppid uint32) bool) (seed Seed, ok bool, err error) {
	s, err := r.readStat(pid)
	if err != nil {
		return Seed{Header: decode.Header{PID: pid}}, !isGone(err), wrapSeed(err)
	}
	if s.gone() || inScope != nil && !inScope(pid, s.ppid) {
		return Seed{}, false, nil
	}
	// The comm lies in the buffer of stat: describe copies it before that is used again.
	seed, err = r.describe(pid, &s)
	if isGone(err) {
		if _, again := r.readStat(pid); again != nil {
			return Seed{}, false, nil
		}
	}
	return seed, true, wrapSeed(err)
}

func wrapSeed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("seed from proc: %w", err)
}

func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// ErrOther says that a PID belongs to another process than the one asked about,
// or to another image of it.
var ErrOther = errors.New("pid belongs to another process")

// Fill reads from the /proc at root what the table lacks of a process: its
// arguments and, where records were lost, all else. It checks before and after
// that the PID still is that process, and so never takes the texts of another;
// it fails with ErrOther if not, and with fs.ErrNotExist when nothing has the PID.
//
// Call it only for processes in scope: the kernel reads their memory for it.
func (t *Table) Fill(p *Process, root string) error {
	if !p.Running() {
		return fmt.Errorf("fill process %d: %w", p.PID, ErrOther)
	}
	r := &proc{root: root}
	s, err := r.readStat(p.PID)
	if err != nil {
		return fmt.Errorf("fill process %d: %w", p.PID, err)
	}
	if !p.startsBy(s.startNS()) {
		return fmt.Errorf("fill process %d: %w", p.PID, ErrOther)
	}
	start, kernelThread := s.start, s.kernelThread()
	seed, err := r.describe(p.PID, &s)
	if err != nil {
		return fmt.Errorf("fill process %d: %w", p.PID, err)
	}
	if s, err = r.readStat(p.PID); err != nil || s.start != start {
		return fmt.Errorf("fill process %d: %w", p.PID, errors.Join(ErrOther, err))
	}
	if !t.Complete(p, &seed) {
		return fmt.Errorf("fill process %d: exec in between: %w", p.PID, ErrOther)
	}
	if kernelThread {
		p.Flags |= FlagKernelThread
	}
	return nil
}
