//go:build linux

package bpf

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"vigil/decode"
)

func TestTrace(t *testing.T) { runRows(t, traceRows()) }

// include/uapi/linux/ptrace.h
const (
	ptraceTraceMe, ptracePeekData, ptracePokeText, ptracePokeData = 0, 2, 4, 5
	ptraceAttach, ptraceDetach                                    = 16, 17
	ptraceGetRegSet, ptraceSetRegSet                              = 0x4204, 0x4205
	ptraceSeize, ptraceInterrupt                                  = 0x4206, 0x4207
)

const noProcess = 1<<22 - 1 // the highest number that PID_MAX_LIMIT allows, hardly ever given

func traceRows() []row {
	return slices.Concat(ptraceRows(), processVMRows(), signalRows())
}

// ptraced is a record of a request to the victim.
func ptraced(w *world, f *facts, request uint32, address uint64, count uint32) told {
	pid := uint32(f.N["victim"])
	return told{kind: decode.KindPtrace, count: count, event: decode.Ptrace{
		TargetExecID: w.ids[pid], TargetPID: pid, Request: request, Address: address,
	}}
}

// hold takes hold of the victim and stops it.
func hold(pid uint64, requests ...uint64) error {
	for _, request := range requests {
		if _, err := must("ptrace", request, pid, 0, 0); err != nil {
			return fmt.Errorf("request %#x: %w", request, err)
		}
	}
	const wall = 0x40000000
	_, err := syscall.Wait4(int(pid), nil, wall, nil)
	return err
}

// pokes writes n words, one after the other, looking at each before.
func pokes(pid, request, at, n uint64) error {
	word := make([]uint64, 1)
	for i := range n {
		if _, err := must("ptrace", ptracePeekData, pid, at+8*i, addressOf(unsafeBytes(word))); err != nil {
			return err
		}
		if _, err := must("ptrace", request, pid, at+8*i, 0x9090909090909090); err != nil {
			return err
		}
	}
	return nil
}

func ptraceRows() []row {
	kinds := []decode.Kind{decode.KindPtrace}
	return []row{
		{
			name: "ptrace attach, write, set registers", kinds: kinds,
			cause: func(f *facts) error {
				its, stop, err := victim(f, 0)
				if err != nil {
					return err
				}
				pid := f.N["victim"]
				f.N["page"] = its.N["page"]
				if err := errors.Join(hold(pid, ptraceAttach), pokes(pid, ptracePokeData, its.N["page"], 300)); err != nil {
					return err
				}
				room := make([]uint64, 64)
				registers := []uint64{addressOf(unsafeBytes(room)), 64 * 8} // struct iovec
				for _, request := range []uint64{ptraceGetRegSet, ptraceSetRegSet} {
					const prstatus = 1
					if _, err := must("ptrace", request, pid, prstatus, addressOf(unsafeBytes(registers))); err != nil {
						return err
					}
				}
				runtime.KeepAlive(room)
				_, err = must("ptrace", ptraceDetach, pid, 0, 0)
				return errors.Join(err, stop())
			},
			want: func(w *world, f *facts) []told {
				return []told{
					ptraced(w, f, ptraceAttach, 0, 1),
					ptraced(w, f, ptracePokeData, f.N["page"], 1),
					ptraced(w, f, ptracePokeData, f.N["page"]+8*299, 299),
					ptraced(w, f, ptraceSetRegSet, 1, 1),
				}
			},
		},
		{
			name: "ptrace seize, repeats told at the detach", kinds: kinds,
			cause: func(f *facts) error {
				its, stop, err := victim(f, 0)
				if err != nil {
					return err
				}
				pid := f.N["victim"]
				f.N["page"] = its.N["page"]
				if err := errors.Join(hold(pid, ptraceSeize, ptraceInterrupt), pokes(pid, ptracePokeText, its.N["page"], 10)); err != nil {
					return err
				}
				_, err = must("ptrace", ptraceDetach, pid, 0, 0)
				return errors.Join(err, stop())
			},
			want: func(w *world, f *facts) []told {
				return []told{
					ptraced(w, f, ptraceSeize, 0, 1),
					ptraced(w, f, ptracePokeText, f.N["page"], 1),
					ptraced(w, f, ptracePokeText, f.N["page"]+8*9, 9),
				}
			},
		},
		{
			name: "ptrace, repeats told at the end of the thread", kinds: kinds,
			cause: func(f *facts) error {
				its, stop, err := victim(f, 0)
				if err != nil {
					return err
				}
				pid := f.N["victim"]
				f.N["page"] = its.N["page"]
				done := make(chan error)
				go func() {
					runtime.LockOSThread() // never unlocked: the thread ends, and what it traces goes on
					done <- errors.Join(hold(pid, ptraceAttach), pokes(pid, ptracePokeData, its.N["page"], 10))
				}()
				return errors.Join(<-done, stop())
			},
			want: func(w *world, f *facts) []told {
				return []told{
					ptraced(w, f, ptraceAttach, 0, 1),
					ptraced(w, f, ptracePokeData, f.N["page"], 1),
					ptraced(w, f, ptracePokeData, f.N["page"]+8*9, 9),
				}
			},
		},
		{
			name: "ptrace traceme", kinds: kinds,
			cause: func(f *facts) error {
				r, w, err := os.Pipe()
				if err != nil {
					return err
				}
				cmd := causeCommand("where", w)
				cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
				if err := cmd.Start(); err != nil {
					return err
				}
				_ = w.Close()
				f.N["child"] = uint64(cmd.Process.Pid)
				if err := hold(f.N["child"]); err != nil {
					return err
				}
				if _, err := must("ptrace", ptraceDetach, f.N["child"], 0, 0); err != nil {
					return err
				}
				return errors.Join(json.NewDecoder(r).Decode(&facts{}), cmd.Wait())
			},
			want: func(w *world, f *facts) []told {
				pid := uint32(f.N["child"])
				return []told{{kind: decode.KindPtrace, by: "child", event: decode.Ptrace{
					TargetExecID: w.forks[pid], TargetPID: pid, Request: ptraceTraceMe,
				}}}
			},
		},
		{
			name: "ptrace that fails", kinds: kinds,
			cause: func(f *facts) error {
				if _, errno := call("ptrace", ptraceAttach, f.N["pid"], 0, 0); errno != syscall.EPERM { // itself
					return fmt.Errorf("attach to itself: %w", errno)
				}
				if _, errno := call("ptrace", ptraceAttach, noProcess, 0, 0); errno != syscall.ESRCH {
					return fmt.Errorf("attach to nothing: %w", errno)
				}
				return nil
			},
			want: func(w *world, f *facts) []told {
				pid := uint32(f.N["pid"])
				return []told{
					{kind: decode.KindPtrace, flags: decode.EventFailed, event: decode.Ptrace{
						TargetExecID: w.ids[pid], TargetPID: pid, Request: ptraceAttach, Result: -int32(syscall.EPERM),
					}},
					{kind: decode.KindPtrace, flags: decode.EventFailed, event: decode.Ptrace{
						TargetPID: noProcess, Request: ptraceAttach, Result: -int32(syscall.ESRCH),
					}},
				}
			},
		},
		{
			name: "ptrace in a PID namespace", kinds: kinds,
			cause: func(f *facts) error {
				its, pid, err := runChild("attach", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID})
				if err != nil {
					return err
				}
				f.N["child"], f.N["victim there"] = uint64(pid), its.N["victim"]
				if its.N["pid"] != 1 || its.N["victim"] > 100 {
					return fmt.Errorf("not in a namespace of its own: %v", its.N)
				}
				return nil
			},
			want: func(w *world, f *facts) []told {
				for pid, e := range w.execs {
					if e.PPID == uint32(f.N["child"]) && e.NSPID == uint32(f.N["victim there"]) {
						f.N["victim"] = uint64(pid)
					}
				}
				out := ptraced(w, f, ptraceAttach, 0, 1)
				out.by = "child"
				return []told{out}
			},
		},
	}
}

// moved is a record of bytes read from or written to the victim.
func moved(w *world, f *facts, write uint32, bytes uint64, count uint32) told {
	pid := uint32(f.N["victim"])
	return told{kind: decode.KindProcessVM, count: count, event: decode.ProcessVM{
		TargetExecID: w.ids[pid], TargetPID: pid, Write: write, Bytes: bytes,
	}}
}

// move reads or writes eight bytes of another process.
func move(name string, pid, at uint64) error {
	here := make([]uint64, 1)
	local := []uint64{addressOf(unsafeBytes(here)), 8} // struct iovec
	remote := []uint64{at, 8}
	_, err := must(name, pid, addressOf(unsafeBytes(local)), 1, addressOf(unsafeBytes(remote)), 1, 0)
	runtime.KeepAlive(here)
	return err
}

func processVMRows() []row {
	kinds := []decode.Kind{decode.KindProcessVM}
	return []row{
		{
			name: "process_vm_writev and process_vm_readv", kinds: kinds,
			cause: func(f *facts) error {
				its, stop, err := victim(f, 0)
				if err != nil {
					return err
				}
				pid, at := f.N["victim"], its.N["page"]
				err = errors.Join(
					move("process_vm_writev", pid, at), move("process_vm_readv", pid, at),
					move("process_vm_readv", pid, at), move("process_vm_readv", pid, at),
				)
				return errors.Join(err, stop())
			},
			want: func(w *world, f *facts) []told {
				return []told{moved(w, f, 1, 8, 1), moved(w, f, 0, 8, 1), moved(w, f, 0, 16, 2)}
			},
		},
		{
			name: "process_vm_readv that fails", kinds: kinds,
			cause: func(*facts) error {
				if err := move("process_vm_readv", noProcess, page); !errors.Is(err, syscall.ESRCH) {
					return fmt.Errorf("read of nothing: %w", err)
				}
				return nil
			},
			want: func(*world, *facts) []told {
				return []told{{kind: decode.KindProcessVM, flags: decode.EventFailed, event: decode.ProcessVM{
					TargetPID: noProcess, Result: -int32(syscall.ESRCH),
				}}}
			},
		},
		{
			name: "process_vm_readv of itself", kinds: kinds,
			cause: func(f *facts) error {
				own := make([]uint64, 1)
				return move("process_vm_readv", f.N["pid"], addressOf(unsafeBytes(own)))
			},
			want: nothing,
		},
	}
}

// signals sends without looking at what it is for: to a process that the cause started.
func signals(pid uint64, numbers ...uint64) error {
	for _, n := range numbers {
		if _, err := must("kill", pid, n); err != nil {
			return err
		}
	}
	return nil
}

func signalRows() []row {
	kinds := []decode.Kind{decode.KindSignal}
	const continues, window = uint64(syscall.SIGCONT), uint64(syscall.SIGWINCH)
	return []row{
		{
			name: "signals to another user's process", kinds: kinds,
			cause: func(f *facts) error {
				_, stop, err := victim(f, nobody)
				if err != nil {
					return err
				}
				pid := f.N["victim"]
				if err := signals(pid, window); err != nil {
					return err
				}
				information := make([]uint64, 16) // siginfo_t: si_signo, si_errno; si_code
				information[0], information[1] = continues, keep
				if _, _, errno := syscall.RawSyscall(syscall.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(continues), uintptr(addressOf(unsafeBytes(information)))); errno != 0 {
					return errno
				}
				if _, _, errno := syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(pid), uintptr(pid), uintptr(window)); errno != 0 {
					return errno
				}
				return errors.Join(signals(pid, uint64(syscall.SIGKILL)), stop())
			},
			want: func(w *world, f *facts) []told {
				var out []told
				pid := uint32(f.N["victim"])
				for _, n := range []syscall.Signal{syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGWINCH, syscall.SIGKILL} {
					out = append(out, told{kind: decode.KindSignal, event: decode.Signal{
						TargetExecID: w.ids[pid], TargetPID: pid, TargetUID: nobody, Signal: uint32(n),
					}})
				}
				return out
			},
		},
		{
			name: "signals to one's own process, and what is no signal", kinds: kinds,
			cause: func(f *facts) error {
				_, stop, err := victim(f, 0)
				if err != nil {
					return err
				}
				err = signals(f.N["victim"], 0, window, uint64(syscall.SIGKILL))
				if err := errors.Join(err, stop()); err != nil {
					return err
				}
				// Signal 0 asks only; the end of nobody's process makes the kernel send SIGCHLD to root's.
				_, stop, err = victim(f, nobody)
				if err != nil {
					return err
				}
				return errors.Join(signals(f.N["victim"], 0), stop())
			},
			want: nothing,
		},
	}
}
