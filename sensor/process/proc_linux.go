package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"vigil/decode"
)

// Bounds of what is read of one process.
const (
	procArguments = 8192 // as bpf/core.h, ARGUMENTS_MAX
	procFile      = 4096
)

// proc reads what one /proc says of processes. Its buffers are used again.
type proc struct {
	root  string
	stat  []byte
	file  []byte
	texts [decode.ExecCommText + 1][]byte
}

func (r *proc) path(pid uint32, name string) string {
	return filepath.Join(r.root, strconv.FormatUint(uint64(pid), 10), name)
}

// read reads at most n bytes of a file into b.
func (r *proc) read(b []byte, pid uint32, name string, n int) ([]byte, error) {
	f, err := os.Open(r.path(pid, name))
	if err != nil {
		return b[:0], err
	}
	if cap(b) < n {
		b = make([]byte, n)
	}
	n, err = io.ReadFull(f, b[:n])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], errors.Join(err, f.Close())
}

func (r *proc) readStat(pid uint32) (stat, error) {
	var err error
	if r.stat, err = r.read(r.stat, pid, "stat", procFile); err != nil {
		return stat{}, err
	}
	s, err := parseStat(r.stat)
	if err != nil {
		return stat{}, fmt.Errorf("%s: %w", r.path(pid, "stat"), err)
	}
	return s, nil
}

// describe reads the rest about a process whose stat was read. What /proc does
// not give is left zero, or Unknown; the first refusal is the error.
func (r *proc) describe(pid uint32, s *stat) (Seed, error) {
	seed := Seed{
		Header: decode.Header{Kind: uint16(decode.KindProcess), PID: pid, TID: pid, Count: 1, UID: Unknown},
		Exec: decode.Exec{
			Start: s.startNS(), PPID: s.ppid, Flags: decode.ExecSeeded,
			EUID: Unknown, GID: Unknown, EGID: Unknown,
		},
	}
	for i := range r.texts {
		r.texts[i] = r.texts[i][:0]
	}
	r.texts[decode.ExecCommText] = append(r.texts[decode.ExecCommText], s.comm...)
	r.texts[decode.ExecTTYText] = append(r.texts[decode.ExecTTYText], s.terminalName()...)
	err := r.status(pid, &seed)
	if !s.kernelThread() {
		err = errors.Join(err, r.program(pid, &seed))
	}
	seed.Exec.LoginUID = r.id(pid, "loginuid")
	seed.Exec.SessionID = r.id(pid, "sessionid")
	seed.Exec.MountNS = r.namespace(pid, "ns/mnt")
	seed.Exec.PIDNS = r.namespace(pid, "ns/pid")
	seed.Exec.NetNS = r.namespace(pid, "ns/net")
	seed.Exec.UserNS = r.namespace(pid, "ns/user")
	seed.Exec.CgroupNS = r.namespace(pid, "ns/cgroup")
	seed.Texts = r.texts
	return seed, err
}

func (r *proc) program(pid uint32, seed *Seed) error {
	var err error
	if r.texts[decode.ExecPathText], err = r.link(r.texts[decode.ExecPathText], pid, "exe"); err != nil {
		return err
	}
	const deleted = " (deleted)" // Documentation/filesystems/proc.rst
	if path, ok := bytes.CutSuffix(r.texts[decode.ExecPathText], []byte(deleted)); ok {
		r.texts[decode.ExecPathText] = path
		seed.Header.Flags |= decode.EventFileDeleted
	}
	if i, err := os.Stat(r.path(pid, "exe")); err == nil {
		if st, ok := i.Sys().(*syscall.Stat_t); ok {
			seed.Exec.Inode, seed.Exec.Mode, seed.Exec.Owner = st.Ino, st.Mode, st.Uid
			seed.Exec.Device = kernelDevice(st.Dev)
		}
	}
	if r.texts[decode.ExecCWDText], err = r.link(r.texts[decode.ExecCWDText], pid, "cwd"); err != nil {
		return err
	}
	if r.texts[decode.ExecArgumentsText], err = r.read(r.texts[decode.ExecArgumentsText], pid, "cmdline", procArguments); err != nil {
		return err
	}
	if len(r.texts[decode.ExecArgumentsText]) == procArguments {
		seed.Exec.Flags |= decode.ExecArgumentsCut
	}
	seed.Exec.Argc = uint32(bytes.Count(r.texts[decode.ExecArgumentsText], []byte{0}))
	return nil
}

func (r *proc) link(b []byte, pid uint32, name string) ([]byte, error) {
	target, err := os.Readlink(r.path(pid, name))
	return append(b[:0], target...), err
}

// id reads a file that holds one number.
func (r *proc) id(pid uint32, name string) uint32 {
	b, err := r.read(r.file, pid, name, 32)
	r.file = b
	if err != nil {
		return Unknown
	}
	v, err := number[uint32](bytes.TrimSpace(b))
	if err != nil {
		return Unknown
	}
	return v
}

// namespace reads a link such as mnt:[4026531840].
func (r *proc) namespace(pid uint32, name string) uint32 {
	target, err := os.Readlink(r.path(pid, name))
	if err != nil {
		return 0
	}
	return parseNamespace(target)
}

// status reads credentials from /proc/PID/status.
func (r *proc) status(pid uint32, seed *Seed) error {
	var err error
	if r.file, err = r.read(r.file, pid, "status", procFile); err != nil {
		return err
	}
	parseStatus(r.file, &seed.Header, &seed.Exec)
	return nil
}

// kernelDevice turns a device number of user space into the kernel's.
func kernelDevice(dev uint64) uint64 {
	major := dev>>8&0xfff | dev>>32&^0xfff
	minor := dev&0xff | dev>>12&0xffffff00
	return major<<20 | minor
}
