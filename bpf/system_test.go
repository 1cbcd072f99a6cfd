//go:build linux

package bpf

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"unsafe"

	"vigil/decode"
)

// call makes a system call by its name in syscallNumbers, on this thread.
func call(name string, arguments ...uint64) (uint64, syscall.Errno) {
	number, ok := syscallNumber(name)
	if !ok {
		return 0, syscall.ENOSYS
	}
	var a [6]uintptr
	for i, v := range arguments {
		a[i] = uintptr(v)
	}
	result, _, errno := syscall.RawSyscall6(uintptr(number), a[0], a[1], a[2], a[3], a[4], a[5])
	return uint64(result), errno
}

// must is call for what has to work.
func must(name string, arguments ...uint64) (uint64, error) {
	result, errno := call(name, arguments...)
	if errno != 0 {
		return 0, fmt.Errorf("%s: %w", name, errno)
	}
	return result, nil
}

// resultOf is a result as the kernel gives it: an error as a negative number.
func resultOf(result uint64, errno syscall.Errno) uint64 {
	if errno != 0 {
		return uint64(-int64(errno))
	}
	return result
}

func failedFlag(result int32) uint16 {
	if result < 0 {
		return decode.EventFailed
	}
	return 0
}

func addressOf(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

func unsafeBytes(words []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)
}

func poke(address uint64, b byte) { *(*byte)(pointer(address)) = b }

// pointer is to memory that Go does not manage.
func pointer(address uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// setBreak moves the end of the heap, which the Go runtime does not use.
func setBreak(end uint64) (uint64, error) {
	at, _, errno := syscall.RawSyscall(syscall.SYS_BRK, uintptr(end), 0, 0)
	if errno != 0 || end != 0 && uint64(at) != end {
		return 0, fmt.Errorf("brk: at %#x, asked for %#x", at, end)
	}
	return uint64(at), nil
}

// text gives a string as system calls take it.
func text(s string) []byte { return append([]byte(s), 0) }

func bootTime() uint64 {
	var t syscall.Timespec
	const clockBoottime = 7
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockBoottime, uintptr(unsafe.Pointer(&t)), 0)
	return uint64(t.Nano())
}

// ids notes whom this thread runs as.
func ids(f *facts, prefix string) error {
	b, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		name, rest, _ := strings.Cut(line, ":")
		switch name {
		case "Uid", "Gid":
			var v [4]uint64
			if _, err := fmt.Sscan(rest, &v[0], &v[1], &v[2], &v[3]); err != nil {
				return err
			}
			for i, which := range []string{"", "e", "s", "fs"} {
				f.N[prefix+which+strings.ToLower(name)] = v[i]
			}
		case "CapEff", "CapPrm":
			var v uint64
			if _, err := fmt.Sscanf(strings.TrimSpace(rest), "%x", &v); err != nil {
				return err
			}
			f.N[prefix+name] = v
		}
	}
	f.N[prefix+"user_ns"], err = inode("/proc/thread-self/ns/user")
	return err
}

// idsOf is what ids noted.
func idsOf(f *facts, prefix string) decode.IDs {
	n := func(name string) uint32 { return uint32(f.N[prefix+name]) }
	return decode.IDs{
		UID: n("uid"), EUID: n("euid"), SUID: n("suid"), FSUID: n("fsuid"),
		GID: n("gid"), EGID: n("egid"), SGID: n("sgid"), FSGID: n("fsgid"),
		CapEffective: f.N[prefix+"CapEff"], CapPermitted: f.N[prefix+"CapPrm"], UserNS: n("user_ns"),
	}
}

func inode(path string) (uint64, error) {
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		return 0, fmt.Errorf("stat %s: %w", path, err)
	}
	return s.Ino, nil
}

// noteFile notes what records must say of a file of root's.
func noteFile(f *facts, fd int) error {
	var s syscall.Stat_t
	if err := syscall.Fstat(fd, &s); err != nil {
		return err
	}
	// the kernel's dev_t: include/linux/kdev_t.h; user space has the wider form of new_encode_dev
	major, minor := s.Dev>>8&0xfff, s.Dev&0xff|s.Dev>>12&0xfff00
	f.N["inode"], f.N["device"], f.N["mode"], f.N["links"] = s.Ino, major<<20|minor, uint64(s.Mode), uint64of(s.Nlink)
	return nil
}

func fileOf(f *facts) decode.FileIdentity {
	return decode.FileIdentity{
		Inode: f.N["inode"], Device: f.N["device"], Mode: uint32(f.N["mode"]), Links: uint32(f.N["links"]),
	}
}

// uint64of takes numbers whose size depends on the processor.
func uint64of[T uint32 | uint64](n T) uint64 { return uint64(n) }
