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
	maxRecord = 1 << 15
	noWakeup  = 1 // BPF_RB_NO_WAKEUP
)

// ErrFull says that a ring has no room for the record.
var ErrFull = errors.New("the ring is full")

// Ring is a ring buffer in the kernel that the test itself fills.
type Ring struct {
	*bpf.Ring
	ring, record *ebpf.Map
	program      *ebpf.Program
	value        [maxRecord]byte
	run          ebpf.RunOptions
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
	if r.record, err = ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: maxRecord, MaxEntries: 1}); err != nil {
		return fmt.Errorf("make room for a record: %w", err)
	}
	if r.program, err = ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, License: "Dual BSD/GPL", Instructions: r.instructions()}); err != nil {
		return fmt.Errorf("load the filler: %w", err)
	}
	r.Ring, err = bpf.OpenRing(r.ring)
	return err
}

// instructions send the record: its first word is its length.
func (r *Ring) instructions() asm.Instructions {
	return asm.Instructions{
		asm.StoreImm(asm.R10, -4, 0, asm.Word),
		asm.Mov.Reg(asm.R2, asm.R10),
		asm.Add.Imm(asm.R2, -4),
		asm.LoadMapPtr(asm.R1, r.record.FD()),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "refuse"),
		asm.LoadMem(asm.R3, asm.R0, 0, asm.Word),
		asm.JGT.Imm(asm.R3, maxRecord, "refuse"),
		asm.Mov.Reg(asm.R2, asm.R0),
		asm.LoadMapPtr(asm.R1, r.ring.FD()),
		asm.Mov.Imm(asm.R4, noWakeup),
		asm.FnRingbufOutput.Call(),
		asm.Return(),
		asm.Mov.Imm(asm.R0, 1).WithSymbol("refuse"),
		asm.Return(),
	}
}

// Put makes the kernel write a record, which begins with its length, into the ring.
func (r *Ring) Put(record []byte) error {
	copy(r.value[:], record)
	if err := r.record.Put(uint32(0), r.value[:]); err != nil {
		return fmt.Errorf("hand the record over: %w", err)
	}
	result, err := r.program.Run(&r.run)
	if err != nil {
		return fmt.Errorf("run the filler: %w", err)
	}
	if result != 0 {
		return ErrFull
	}
	return nil
}

// Close gives everything back.
func (r *Ring) Close() error {
	var errs []error
	if r.Ring != nil {
		errs = append(errs, r.Ring.Close())
	}
	for _, m := range []*ebpf.Map{r.ring, r.record} {
		errs = append(errs, m.Close())
	}
	return errors.Join(append(errs, r.program.Close())...)
}
