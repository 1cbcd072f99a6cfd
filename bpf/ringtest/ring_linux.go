// Package ringtest fills real BPF ring buffers for tests and benchmarks: each
// record goes through the kernel's own code (BPF_PROG_RUN), none through a hook.
package ringtest

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/rlimit"

	"vigil/bpf"
)

const (
	slots    = 128 // records handed to the kernel at once
	slotSize = 2048
	noWakeup = 1 // BPF_RB_NO_WAKEUP
)

// ErrFull says that a ring has no room for a record.
var ErrFull = errors.New("the ring is full")

// Ring is a ring buffer in the kernel that the test itself fills.
type Ring struct {
	*bpf.Ring
	ring, records *ebpf.Map
	program       *ebpf.Program
	memory        *ebpf.Memory // of records
	waiting       int
	run           ebpf.RunOptions
}

// New makes a ring of a power of two bytes.
func New(size int) (*Ring, error) {
	if err := rlimit.RemoveMemlock(); err != nil {
		return nil, fmt.Errorf("raise the memlock limit: %w", err)
	}
	r := &Ring{run: ebpf.RunOptions{Data: make([]byte, 64)}}
	if err := r.open(size); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Ring) open(size int) error {
	var err error
	if r.ring, err = ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: uint32(size)}); err != nil {
		return fmt.Errorf("make a ring: %w", err)
	}
	records := &ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: slotSize, MaxEntries: slots, Flags: mappable}
	if r.records, err = ebpf.NewMap(records); err != nil {
		return fmt.Errorf("make room for records: %w", err)
	}
	if r.memory, err = r.records.Memory(); err != nil {
		return fmt.Errorf("map the records: %w", err)
	}
	if r.program, err = ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, License: "Dual BSD/GPL", Instructions: r.instructions()}); err != nil {
		return fmt.Errorf("load the filler: %w", err)
	}
	r.Ring, err = bpf.OpenRing(r.ring)
	return err
}

const mappable = 1 << 10 // BPF_F_MMAPABLE

// instructions send the records, each of which begins with its length, up to one
// without a length, and give the number that was sent.
func (r *Ring) instructions() asm.Instructions {
	return asm.Instructions{
		asm.Mov.Imm(asm.R6, 0),
		asm.StoreMem(asm.R10, -4, asm.R6, asm.Word).WithSymbol("next"),
		asm.Mov.Reg(asm.R2, asm.R10),
		asm.Add.Imm(asm.R2, -4),
		asm.LoadMapPtr(asm.R1, r.records.FD()),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "done"),
		asm.LoadMem(asm.R3, asm.R0, 0, asm.Word),
		asm.JEq.Imm(asm.R3, 0, "done"),
		asm.JGT.Imm(asm.R3, slotSize, "done"),
		asm.Mov.Reg(asm.R2, asm.R0),
		asm.LoadMapPtr(asm.R1, r.ring.FD()),
		asm.Mov.Imm(asm.R4, noWakeup),
		asm.FnRingbufOutput.Call(),
		asm.JNE.Imm(asm.R0, 0, "done"),
		asm.Add.Imm(asm.R6, 1),
		asm.JLT.Imm(asm.R6, slots, "next"),
		asm.Mov.Reg(asm.R0, asm.R6).WithSymbol("done"),
		asm.Return(),
	}
}

// Put hands over a record, which begins with its length. It is in the ring after Flush at the latest.
func (r *Ring) Put(record []byte) error {
	if len(record) > slotSize {
		return fmt.Errorf("a record of %d bytes is too long", len(record))
	}
	if _, err := r.memory.WriteAt(record, int64(r.waiting*slotSize)); err != nil {
		return fmt.Errorf("hand a record over: %w", err)
	}
	if r.waiting++; r.waiting == slots {
		return r.Flush()
	}
	return nil
}

// Flush makes the kernel write what was put into the ring.
func (r *Ring) Flush() error {
	if r.waiting < slots {
		if _, err := r.memory.WriteAt(make([]byte, 4), int64(r.waiting*slotSize)); err != nil {
			return fmt.Errorf("end the records: %w", err)
		}
	}
	sent, err := r.program.Run(&r.run)
	if err != nil {
		return fmt.Errorf("run the filler: %w", err)
	}
	if int(sent) != r.waiting {
		return ErrFull
	}
	r.waiting = 0
	return nil
}

// Close gives everything back.
func (r *Ring) Close() error {
	var errs []error
	if r.Ring != nil {
		errs = append(errs, r.Ring.Close())
	}
	for _, m := range []*ebpf.Map{r.ring, r.records} {
		errs = append(errs, m.Close())
	}
	return errors.Join(append(errs, r.program.Close())...)
}
