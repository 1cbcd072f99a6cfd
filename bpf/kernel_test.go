//go:build linux

package bpf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"vigil/decode"
)

func TestKernel(t *testing.T) { runRows(t, kernelRows()) }

func kernelRows() []row { return slices.Concat(moduleRows(), bpfRows(), kexecRows()) }

const notAModule = "this is no module, and no kernel may take it for one"

// loadFile gives finit_module a file that the kernel must refuse.
func loadFile(f *facts, fd uint64) error {
	if err := noteFile(f, int(fd)); err != nil {
		return err
	}
	return refused(f, "finit_module", fd, addressOf(text("debug=1 name=x")), 0)
}

func refused(f *facts, name string, arguments ...uint64) error {
	f.N["result"] = resultOf(call(name, arguments...))
	if int32(f.N["result"]) >= 0 {
		return errors.New(name + " was not refused")
	}
	return nil
}

// wantRefused is the record of a module that was refused.
func wantRefused(flags uint16, e decode.Module, texts ...string) func(*world, *facts) []told {
	return func(_ *world, f *facts) []told {
		e, texts := e, slices.Clone(texts)
		e.File, e.Result = fileOf(f), int32(f.N["result"])
		if s, ok := f.S["path"]; ok {
			texts[1] = s
		}
		return []told{{kind: decode.KindModule, flags: flags | decode.EventFailed, event: e, texts: texts}}
	}
}

func moduleRows() []row {
	kinds := []decode.Kind{decode.KindModule}
	return []row{
		{
			name: "finit_module of a file", kinds: kinds,
			cause: func(f *facts) error {
				file, err := os.CreateTemp("", "vigil*.ko")
				if err != nil {
					return err
				}
				defer func() { _ = os.Remove(file.Name()) }()
				f.S["path"] = file.Name()
				if _, err := file.WriteString(notAModule); err != nil {
					return err
				}
				return loadFile(f, uint64(file.Fd()))
			},
			want: wantRefused(0, decode.Module{}, "", "", "debug=1 name=x"),
		},
		{
			name: "finit_module of a memfd", kinds: kinds,
			cause: func(f *facts) error {
				fd, err := must("memfd_create", addressOf(text("rootkit")), 0)
				if err != nil {
					return err
				}
				return loadFile(f, fd)
			},
			want: wantRefused(decode.EventFileMemfd|decode.EventPathDetached, decode.Module{FromMemory: 1}, "", "/memfd:rootkit", "debug=1 name=x"),
		},
		{
			name: "finit_module of nothing", kinds: kinds,
			cause: func(f *facts) error { return refused(f, "finit_module", nowhere, addressOf(text("")), 0) },
			want:  wantRefused(0, decode.Module{}, "", "", ""),
		},
		{
			name: "init_module", kinds: kinds,
			cause: func(f *facts) error {
				return refused(f, "init_module", addressOf([]byte(notAModule)), uint64(len(notAModule)), addressOf(text("a=b")))
			},
			want: wantRefused(0, decode.Module{FromMemory: 1}, "", "", "a=b"),
		},
		{
			name: "finit_module of a module", kinds: kinds,
			skip: func() string {
				if os.Getenv("VIGIL_MODULE") == "" {
					return "VIGIL_MODULE names no module: for a kernel that has modules, in a VM"
				}
				return ""
			},
			cause: func(f *facts) error {
				f.S["path"] = os.Getenv("VIGIL_MODULE")
				file, err := os.Open(f.S["path"])
				if err != nil {
					return err
				}
				if err := noteFile(f, int(file.Fd())); err != nil {
					return err
				}
				_, err = must("finit_module", uint64(file.Fd()), addressOf(text("")), 0)
				return err
			},
			want: func(_ *world, f *facts) []told {
				name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(f.S["path"]), ".ko"), "-", "_")
				return []told{{kind: decode.KindModule, event: decode.Module{File: fileOf(f)}, texts: []string{name, f.S["path"], ""}}}
			},
		},
	}
}

// include/uapi/linux/bpf.h
const (
	bpfMapCreate, bpfProgLoad, bpfProgAttach, bpfRawTracepointOpen, bpfLinkCreate = 0, 5, 8, 17, 28

	socketFilter, rawTracepoint = 1, 17
	cgroupIngress               = 0
	netfilter                   = 45
)

// loadProgram loads a program of two instructions: return 0.
func loadProgram(kind uint64, name string, code ...uint64) (uint64, syscall.Errno) {
	license := text("GPL")
	attributes := make([]uint64, 16)
	attributes[0] = kind | uint64(len(code))<<32
	attributes[1], attributes[2] = addressOf(unsafeBytes(code)), addressOf(license)
	b := unsafeBytes(attributes)
	copy(b[48:64], name)
	return call("bpf", bpfProgLoad, addressOf(b), uint64(len(b)))
}

// move r0, 0; exit
func returnZero() []uint64 { return []uint64{0x00b7, 0x0095} }

// onProgram loads a program and then does something with it.
func onProgram(kind, command uint64, name string, attributes func(f *facts, program uint64) []uint64) func(f *facts) error {
	return func(f *facts) error {
		program, errno := loadProgram(kind, name, returnZero()...)
		if errno != 0 {
			return fmt.Errorf("load: %w", errno)
		}
		f.N["program"] = program
		b := unsafeBytes(attributes(f, program))
		f.N["result"] = resultOf(call("bpf", command, addressOf(b), uint64(len(b))))
		return nil
	}
}

// wantOnProgram is the load, and what was done with the program.
func wantOnProgram(kind, command, what uint32, name string) func(*world, *facts) []told {
	return func(_ *world, f *facts) []told {
		result := int32(f.N["result"])
		return []told{
			{kind: decode.KindBPF, event: decode.BPF{Command: bpfProgLoad, Type: kind, Result: int32(f.N["program"]), Instructions: 2}, texts: []string{name}},
			{kind: decode.KindBPF, flags: failedFlag(result), event: decode.BPF{Command: command, Type: what, Result: result}, texts: []string{name}},
		}
	}
}

func bpfRows() []row {
	kinds := []decode.Kind{decode.KindBPF}
	// On tracepoints and groups that see nothing here: the test must not watch the machine.
	point := text("cgroup_rename")
	return []row{
		{
			name: "bpf program load that fails", kinds: kinds,
			cause: func(f *facts) error {
				f.N["result"] = resultOf(loadProgram(socketFilter, "vigil_bad", 0x0095, 0x0095, 0x0095))
				return nil
			},
			want: func(_ *world, f *facts) []told {
				return []told{{kind: decode.KindBPF, flags: decode.EventFailed, event: decode.BPF{
					Command: bpfProgLoad, Type: socketFilter, Result: int32(f.N["result"]), Instructions: 3,
				}, texts: []string{"vigil_bad"}}}
			},
		},
		{
			name: "bpf raw tracepoint", kinds: kinds,
			cause: onProgram(rawTracepoint, bpfRawTracepointOpen, "vigil_tracepoin", func(_ *facts, program uint64) []uint64 {
				return []uint64{addressOf(point), program}
			}),
			want: wantOnProgram(rawTracepoint, bpfRawTracepointOpen, rawTracepoint, "vigil_tracepoin"),
		},
		{
			name: "bpf attach to nothing", kinds: kinds,
			cause: onProgram(socketFilter, bpfProgAttach, "vigil_attach", func(_ *facts, program uint64) []uint64 {
				return []uint64{keep | program<<32, cgroupIngress}
			}),
			want: wantOnProgram(socketFilter, bpfProgAttach, cgroupIngress, "vigil_attach"),
		},
		{
			name: "bpf link to nothing", kinds: kinds,
			cause: onProgram(socketFilter, bpfLinkCreate, "vigil_link", func(_ *facts, program uint64) []uint64 {
				return []uint64{program | keep<<32, netfilter, 0, 0, 0, 0}
			}),
			want: wantOnProgram(socketFilter, bpfLinkCreate, netfilter, "vigil_link"),
		},
		{
			name: "bpf map", kinds: kinds,
			cause: func(*facts) error {
				const array = 2
				attributes := []uint64{array | 4<<32, 8 | 1<<32, 0, 0, 0, 0, 0, 0, 0}
				_, err := must("bpf", bpfMapCreate, addressOf(unsafeBytes(attributes)), 72)
				return err
			},
			want: nothing,
		},
	}
}

func kexecRows() []row {
	inVM := func() string {
		if os.Getenv("VIGIL_VM") == "" {
			return "only in a VM (VIGIL_VM=1)"
		}
		return ""
	}
	kinds := []decode.Kind{decode.KindKexec}
	return []row{
		{
			name: "kexec_load of nothing", kinds: kinds, skip: inVM, // takes away what is loaded
			cause: func(f *facts) error {
				f.N["result"] = resultOf(call("kexec_load", 0, 0, 0, 0))
				return nil
			},
			want: func(_ *world, f *facts) []told {
				result := int32(f.N["result"])
				return []told{{kind: decode.KindKexec, flags: failedFlag(result), event: decode.Kexec{Result: result}}}
			},
		},
		{
			name: "kexec_file_load of no file", kinds: kinds, skip: inVM,
			cause: func(f *facts) error {
				const noInitramfs = 4
				return refused(f, "kexec_file_load", nowhere, nowhere, 0, 0, noInitramfs)
			},
			want: func(_ *world, f *facts) []told {
				return []told{{kind: decode.KindKexec, flags: decode.EventFailed, event: decode.Kexec{Flags: 4, FromFile: 1, Result: int32(f.N["result"])}}}
			},
		},
	}
}
