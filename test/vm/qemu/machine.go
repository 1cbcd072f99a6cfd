// Package qemu runs a command on a kernel of choice, in an emulated machine
// that has nothing but busybox, a few kernel modules and the given files.
package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A Machine says what runs where.
type Machine struct {
	Emulator string    // QEMU, which scripts/qemu brings
	Kernel   string    // folder that scripts/kernels has filled
	CPUs     int       // at least 1
	MemoryMB int       // at most half of it is for files, and they are in it twice at the start
	Append   string    // further words for the kernel's command line
	Counted  bool      // its clock counts instructions, whatever else the host does; for one CPU
	Load     []string  // modules to load before the command, or just "all"; the others come on demand
	Files    []File    // what the guest gets
	Env      []string  // NAME=value for the command
	Command  []string  // path in the guest, and arguments
	Out      string    // folder for what the command leaves in /out; "" takes nothing
	Console  io.Writer // gets what the command prints, and the kernel's errors meanwhile
}

// A Result tells how a command ended.
type Result struct {
	Kernel string        // the guest's uname -r
	Status int           // the command's exit status; 128 and more after a signal
	Boot   time.Duration // until the command started
	Total  time.Duration // until the machine was off
}

// A Failure is a machine that ended without the command's exit status.
type Failure struct {
	Reason string
	Tail   []string // the console's last lines
}

func (f *Failure) Error() string { return f.Reason }

// How long a machine may go on after its last word: to switch itself off, or
// to print the trace that follows a failure.
const grace = 5 * time.Second

// Run starts the machine and waits for its end, which comes with ctx at the latest.
func (m *Machine) Run(ctx context.Context) (Result, error) {
	dir, err := os.MkdirTemp("", "vigil-vm-")
	if err != nil {
		return Result{}, fmt.Errorf("make a folder for the machine: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	image, sent := filepath.Join(dir, "image"), filepath.Join(dir, "sent")
	if err := m.saveImage(image); err != nil {
		return Result{}, err
	}

	start := time.Now()
	c := newConsole(m.Console)
	err = boot(ctx, m.Emulator, m.args(image, sent), c)
	result := Result{Kernel: c.kernel, Status: c.status, Boot: c.up.Sub(start), Total: time.Since(start)}
	switch {
	case c.failure != "":
		return result, &Failure{c.failure, c.tail}
	case !c.exited && ctx.Err() != nil:
		return result, &Failure{"stopped before the command ended: " + context.Cause(ctx).Error(), c.tail}
	case !c.exited && err != nil:
		return result, &Failure{err.Error(), c.tail}
	case !c.exited:
		return result, &Failure{"the machine went off without an exit status", c.tail}
	case c.writeErr != nil:
		return result, c.writeErr
	case m.Out == "":
		return result, nil
	case c.unsent:
		return result, errors.New("take the guest's files: the guest could not send them")
	}
	f, err := os.Open(sent)
	if err != nil {
		return result, fmt.Errorf("take the guest's files: %w", err)
	}
	defer func() { _ = f.Close() }()
	return result, unpack(f, m.Out)
}

func (m *Machine) saveImage(name string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("make the guest's file system: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return m.writeImage(f)
}

// args is QEMU's command line. Only emulation can be counted on: a /dev/kvm may
// be there and still not run a stock kernel.
func (m *Machine) args(image, sent string) []string {
	// With a thread for each emulated CPU one of them may run what another has
	// patched away: kernels patch their own text, and crash.
	args := []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-accel", "tcg,thread=single", "-cpu", cpuModel, "-smp", strconv.Itoa(m.CPUs), "-m", strconv.Itoa(m.MemoryMB),
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-kernel", filepath.Join(m.Kernel, "vmlinuz"), "-initrd", image,
	}
	if m.Counted {
		// 1 ns each, and no waiting: an idle guest's clock jumps to its next timer.
		args = append(args, "-icount", "shift=0,sleep=off")
	}
	// The emulated CPUs share the host's counter; kernels before 6.12 find it
	// out of step and read a slow emulated timer for every time stamp instead.
	words := "console=ttyS0 quiet panic=-1 oops=panic tsc=reliable"
	if m.Out != "" {
		words += " vigil.out"
		args = append(args,
			"-device", "virtio-serial-pci", "-chardev", "file,id=out,path="+sent,
			"-device", "virtserialport,chardev=out,name=out")
	}
	return append(args, "-append", strings.TrimSpace(words+" "+m.Append))
}

// release is the kernel's full version, its uname -r.
func (m *Machine) release() (string, error) {
	text, err := os.ReadFile(filepath.Join(m.Kernel, "release"))
	if err != nil {
		return "", fmt.Errorf("read the kernel's release: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// boot runs QEMU and feeds c until the machine is off or is made so.
func boot(ctx context.Context, emulator string, args []string, c *console) error {
	// The machine dies with the thread that started it: see dieWithParent.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reader, writer := io.Pipe()
	cmd := exec.CommandContext(ctx, emulator, args...)
	cmd.Stdout, cmd.Stderr = writer, writer
	cmd.WaitDelay = grace
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the machine: %w", err)
	}
	var last *time.Timer
	followed := make(chan error, 1)
	go func() {
		followed <- c.follow(reader, func() { last = time.AfterFunc(grace, cancel) })
	}()
	err := cmd.Wait()
	_ = writer.Close()
	followErr := <-followed
	if last != nil {
		last.Stop()
	}
	if followErr != nil {
		return followErr
	}
	if err != nil {
		return fmt.Errorf("run the machine: %w", err)
	}
	return nil
}

// cpuModel lacks cmpxchg16b: QEMU 7.2 emulated it wrongly, and Linux 6.12 then
// corrupts its own memory within seconds (it has a fallback without).
const cpuModel = "max,-cx16"
