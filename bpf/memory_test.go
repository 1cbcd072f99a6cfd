//go:build linux

package bpf

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"vigil/decode"
)

func TestMemory(t *testing.T) { runRows(t, memoryRows()) }

const (
	protRead, protWrite, protExec  = 1, 2, 4
	mapShared, mapPrivate, mapAnon = 1, 2, 0x20
	page                           = 4096
	memoryUnknown                  = ^uint32(0)
	nowhere                        = ^uint64(0) // descriptor -1, protection key -1
)

var mmapKind = []decode.Kind{decode.KindMmap}

// mapMemory maps and notes where.
func mapMemory(f *facts, size, protection, flags, fd, offset uint64) (uint64, error) {
	at, err := must("mmap", 0, size, protection, flags, fd, offset)
	f.N["address"] = at
	return at, err
}

// executableFile makes a file of two pages without a name.
func executableFile(f *facts) (*os.File, error) {
	file, err := os.CreateTemp("", "vigil*.so")
	if err != nil {
		return nil, err
	}
	f.S["path"] = file.Name()
	if err := errors.Join(file.Truncate(2*page), os.Remove(file.Name())); err != nil {
		return nil, err
	}
	return file, noteFile(f, int(file.Fd()))
}

func memoryRows() []row {
	return slices.Concat(mapRows(), protectRows(), descriptorRows())
}

func mapRows() []row {
	return []row{
		{
			name: "mmap anonymous RWX", kinds: mmapKind,
			cause: func(f *facts) error {
				_, err := mapMemory(f, 3*page, protRead|protWrite|protExec, mapPrivate|mapAnon, nowhere, 0)
				return err
			},
			want: func(_ *world, f *facts) []told {
				return []told{{kind: decode.KindMmap, event: decode.Memory{
					Address: f.N["address"], Size: 3 * page, Protection: 7, MapFlags: mapPrivate | mapAnon,
					MemoryFlags: decode.MemoryAnonymous | decode.MemoryWritable,
				}, texts: []string{""}}}
			},
		},
		{
			name: "mmap shared file RX", kinds: mmapKind,
			cause: func(f *facts) error {
				file, err := os.CreateTemp("", "vigil*.so")
				if err != nil {
					return err
				}
				defer func() { _ = os.Remove(file.Name()) }()
				f.S["path"] = file.Name()
				if err := file.Truncate(2 * page); err != nil {
					return err
				}
				if err := noteFile(f, int(file.Fd())); err != nil {
					return err
				}
				_, err = mapMemory(f, page, protRead|protExec, mapShared, uint64(file.Fd()), page)
				return err
			},
			want: func(_ *world, f *facts) []told {
				return []told{{kind: decode.KindMmap, event: decode.Memory{
					File: fileOf(f), Address: f.N["address"], Size: page, Offset: page, Protection: 5, MapFlags: mapShared,
					MemoryFlags: decode.MemoryShared,
				}, texts: []string{f.S["path"]}}}
			},
		},
		{
			name: "mmap deleted file RX", kinds: mmapKind,
			cause: func(f *facts) error {
				file, err := executableFile(f)
				if err != nil {
					return err
				}
				_, err = mapMemory(f, page, protRead|protExec, mapPrivate, uint64(file.Fd()), 0)
				return err
			},
			want: func(_ *world, f *facts) []told {
				return []told{{kind: decode.KindMmap, flags: decode.EventFileDeleted, event: decode.Memory{
					File: fileOf(f), Address: f.N["address"], Size: page, Protection: 5, MapFlags: mapPrivate,
				}, texts: []string{f.S["path"]}}}
			},
		},
		{
			name: "mmap memfd RX", kinds: mmapKind,
			cause: func(f *facts) error {
				fd, err := must("memfd_create", addressOf(text("code")), 0)
				if err != nil {
					return err
				}
				if err := noteFile(f, int(fd)); err != nil {
					return err
				}
				_, err = mapMemory(f, page, protRead|protExec, mapPrivate, fd, 0)
				return err
			},
			want: func(_ *world, f *facts) []told {
				return []told{{kind: decode.KindMmap, flags: decode.EventFileMemfd | decode.EventPathDetached, event: decode.Memory{
					File: fileOf(f), Address: f.N["address"], Size: page, Protection: 5, MapFlags: mapPrivate,
				}, texts: []string{"/memfd:code"}}}
			},
		},
		{
			name: "mmap RW where reading implies executing", kinds: mmapKind,
			cause: func(f *facts) error {
				const readImpliesExec = 0x400000
				if _, _, errno := syscall.RawSyscall(syscall.SYS_PERSONALITY, readImpliesExec, 0, 0); errno != 0 {
					return errno
				}
				_, err := mapMemory(f, page, protRead|protWrite, mapPrivate|mapAnon, nowhere, 0)
				_, _, _ = syscall.RawSyscall(syscall.SYS_PERSONALITY, 0, 0, 0)
				return err
			},
			want: func(_ *world, f *facts) []told {
				return []told{{kind: decode.KindMmap, event: decode.Memory{
					Address: f.N["address"], Size: page, Protection: 7, MapFlags: mapPrivate | mapAnon,
					MemoryFlags: decode.MemoryAnonymous | decode.MemoryWritable,
				}, texts: []string{""}}}
			},
		},
		{
			name: "mmap that is not executable or fails", kinds: mmapKind,
			cause: func(f *facts) error {
				if _, err := mapMemory(f, page, protRead|protWrite, mapPrivate|mapAnon, nowhere, 0); err != nil {
					return err
				}
				if _, errno := call("mmap", 0, page, protRead|protExec, mapPrivate, nowhere, 0); errno == 0 {
					return errors.New("mapped no descriptor")
				}
				return nil
			},
			want: func(*world, *facts) []told { return nil },
		},
	}
}

// protection is a change of memory and what must be told of it.
type protection struct {
	name   string
	call   string
	memory func(f *facts) (from uint64, err error) // prepares, and gives what to change
	size   uint64
	after  uint64
	before uint32
	flags  uint32 // enum memory_flag
	known  uint32 // of them, in the tracepoint tier
	file   bool
}

func (p protection) row() row {
	return row{
		name: p.name, kinds: []decode.Kind{decode.KindMprotect},
		cause: func(f *facts) error {
			from, err := p.memory(f)
			if err != nil {
				return err
			}
			f.N["address"] = from
			_, err = must(p.call, from, p.size, p.after, nowhere)
			return err
		},
		want: func(w *world, f *facts) []told {
			e := decode.Memory{Address: f.N["address"], Size: p.size, Protection: uint32(p.after), Before: memoryUnknown, MemoryFlags: p.known}
			if !w.full() {
				return []told{{kind: decode.KindMprotect, event: e, texts: []string{""}}}
			}
			out := told{kind: decode.KindMprotect, flags: decode.EventAttempt, texts: []string{""}}
			e.Before, e.MemoryFlags = p.before, p.flags
			if p.file {
				e.File, e.Offset = fileOf(f), page
				out.flags |= decode.EventFileDeleted
				out.texts[0] = f.S["path"]
			}
			out.event = e
			return []told{out}
		},
	}
}

// fresh maps pages that can be written, and gives where one of them is.
func fresh(pages, at uint64) func(*facts) (uint64, error) {
	return func(f *facts) (uint64, error) {
		memory, err := mapMemory(f, pages*page, protRead|protWrite, mapPrivate|mapAnon, nowhere, 0)
		return memory + at*page, err
	}
}

// writtenBefore maps a page, writes it and makes it read-only.
func writtenBefore(f *facts) (uint64, error) {
	memory, err := mapMemory(f, page, protRead|protWrite, mapPrivate|mapAnon, nowhere, 0)
	if err != nil {
		return 0, err
	}
	poke(memory, 0xc3)
	_, err = must("mprotect", memory, page, protRead)
	return memory, err
}

// secondPage maps a file and gives its second page.
func secondPage(protection uint64) func(*facts) (uint64, error) {
	return func(f *facts) (uint64, error) {
		file, err := executableFile(f)
		if err != nil {
			return 0, err
		}
		memory, err := mapMemory(f, 2*page, protection, mapPrivate, uint64(file.Fd()), 0)
		return memory + page, err
	}
}

func heap(*facts) (uint64, error) {
	end, err := setBreak(0)
	if err != nil {
		return 0, err
	}
	end = (end + page - 1) &^ (page - 1)
	_, err = setBreak(end + page)
	return end, err
}

// stack gives the page that proc(5) calls startstack.
func stack(*facts) (uint64, error) {
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')'):]))
	at, err := strconv.ParseUint(fields[26], 10, 64)
	return at &^ (page - 1), err
}

func protectRows() []row {
	const (
		anonymous = decode.MemoryAnonymous
		written   = decode.MemoryWriteToExecute
		writable  = decode.MemoryWritable
	)
	var out []row
	for _, p := range []protection{
		{name: "mprotect RW to RX, the middle of three pages", memory: fresh(3, 1), after: 5, before: 3, flags: anonymous | written},
		{name: "mprotect RW to RWX", memory: fresh(1, 0), after: 7, before: 3, flags: anonymous | written | writable, known: writable},
		{name: "mprotect R to RX, written before", memory: writtenBefore, after: 5, before: 1, flags: anonymous | written},
		{name: "pkey_mprotect RW to RX", call: "pkey_mprotect", memory: fresh(1, 0), after: 5, before: 3, flags: anonymous | written},
		{name: "mprotect a file R to RX", memory: secondPage(protRead), after: 5, before: 1, file: true},
		{name: "mprotect a file RX to RWX", memory: secondPage(protRead | protExec), after: 7, before: 5, flags: writable, known: writable, file: true},
		{name: "mprotect the heap RW to RX", memory: heap, after: 5, before: 3, flags: anonymous | written | decode.MemoryHeap, known: decode.MemoryHeap},
		{
			name: "mprotect the stack RW to RWX", memory: stack, after: 7, before: 3,
			flags: anonymous | written | writable | decode.MemoryStack, known: writable | decode.MemoryStack,
		},
	} {
		p.size = page
		if p.call == "" {
			p.call = "mprotect"
		}
		out = append(out, p.row())
	}
	return append(out, row{
		name: "mprotect that takes away or fails", kinds: []decode.Kind{decode.KindMprotect},
		cause: func(f *facts) error {
			memory, err := mapMemory(f, page, protRead|protExec, mapPrivate|mapAnon, nowhere, 0)
			if err != nil {
				return err
			}
			for _, protection := range []uint64{protRead, protRead | protWrite, 0} {
				if _, err := must("mprotect", memory, page, protection); err != nil {
					return err
				}
			}
			if _, errno := call("mprotect", 1<<46, page, protExec); errno == 0 {
				return errors.New("changed what is not mapped")
			}
			return nil
		},
		want: func(*world, *facts) []told { return nil },
	})
}

func descriptorRows() []row {
	longest := strings.Repeat("n", 249)
	return []row{
		{
			name: "memfd_create", kinds: []decode.Kind{decode.KindMemfd},
			cause: func(f *facts) error {
				fd, err := must("memfd_create", addressOf(text("vigil test")), 3) // MFD_CLOEXEC | MFD_ALLOW_SEALING
				f.N["fd"] = fd
				return err
			},
			want: func(_ *world, f *facts) []told {
				return []told{{kind: decode.KindMemfd, event: decode.Descriptor{Flags: 3, Descriptor: int32(f.N["fd"])}, texts: []string{"vigil test"}}}
			},
		},
		{
			name: "memfd_create with the longest name and with none", kinds: []decode.Kind{decode.KindMemfd},
			cause: func(f *facts) error {
				var err error
				if f.N["long"], err = must("memfd_create", addressOf(text(longest)), 0); err != nil {
					return err
				}
				f.N["none"], err = must("memfd_create", addressOf(text("")), 0)
				return err
			},
			want: func(_ *world, f *facts) []told {
				return []told{
					{kind: decode.KindMemfd, event: decode.Descriptor{Descriptor: int32(f.N["long"])}, texts: []string{longest}},
					{kind: decode.KindMemfd, event: decode.Descriptor{Descriptor: int32(f.N["none"])}, texts: []string{""}},
				}
			},
		},
		{
			name: "memfd_create that fails", kinds: []decode.Kind{decode.KindMemfd},
			cause: func(f *facts) error {
				f.N["fd"] = resultOf(call("memfd_create", addressOf(text("bad flags")), 0xf000))
				return nil
			},
			want: func(_ *world, f *facts) []told {
				return []told{{
					kind: decode.KindMemfd, flags: decode.EventFailed,
					event: decode.Descriptor{Flags: 0xf000, Descriptor: -int32(syscall.EINVAL)}, texts: []string{"bad flags"},
				}}
			},
		},
		{
			name: "userfaultfd", kinds: []decode.Kind{decode.KindUserfaultfd}, // refused or not: both are told
			cause: func(f *facts) error {
				f.N["fd"] = resultOf(call("userfaultfd", syscall.O_CLOEXEC|syscall.O_NONBLOCK))
				return nil
			},
			want: func(_ *world, f *facts) []told {
				fd := int32(f.N["fd"])
				return []told{{kind: decode.KindUserfaultfd, flags: failedFlag(fd), event: decode.Descriptor{
					Flags: syscall.O_CLOEXEC | syscall.O_NONBLOCK, Descriptor: fd,
				}, texts: []string{""}}}
			},
		},
		{
			name: "io_uring_setup", kinds: []decode.Kind{decode.KindIOUring},
			cause: func(f *facts) error {
				parameters := make([]uint64, 15) // struct io_uring_params
				parameters[1] = 1 << 4           // IORING_SETUP_CLAMP, Linux 5.6
				f.N["fd"] = resultOf(call("io_uring_setup", 8, addressOf(unsafeBytes(parameters))))
				return nil
			},
			want: func(_ *world, f *facts) []told {
				fd := int32(f.N["fd"])
				return []told{{kind: decode.KindIOUring, flags: failedFlag(fd), event: decode.Descriptor{
					Flags: 1 << 4, Entries: 8, Descriptor: fd,
				}, texts: []string{""}}}
			},
		},
	}
}
