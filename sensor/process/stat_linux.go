package process

import (
	"bytes"
	"errors"
	"strconv"
)

// stat is what /proc/PID/stat tells, see proc_pid_stat(5).
type stat struct {
	comm     []byte
	state    byte
	ppid     uint32
	terminal uint32 // dev_t as user space has it
	flags    uint32 // PF_*
	threads  uint32
	start    uint64 // ticks since boot
}

var errStat = errors.New("malformed stat")

// parseStat reads the line. The name stands in parentheses and may have any
// bytes, parentheses and line ends among them: the last one ends it.
func parseStat(b []byte) (stat, error) {
	from, to := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if from < 0 || to < from {
		return stat{}, errStat
	}
	s := stat{comm: b[from+1 : to]}
	field := 2
	for word := range bytes.FieldsSeq(b[to+1:]) {
		field++
		var err error
		switch field {
		case 3:
			if s.state = word[0]; len(word) != 1 || s.state < 'A' {
				return stat{}, errStat
			}
		case 4:
			s.ppid, err = number[uint32](word)
		case 7:
			var v int64
			v, err = strconv.ParseInt(string(word), 10, 32)
			s.terminal = uint32(v)
		case 9:
			s.flags, err = number[uint32](word)
		case 20:
			s.threads, err = number[uint32](word)
		case 22:
			s.start, err = number[uint64](word)
			if err != nil {
				return stat{}, errStat
			}
			return s, nil
		}
		if err != nil {
			return stat{}, errStat
		}
	}
	return stat{}, errStat
}

func number[T uint32 | uint64](b []byte) (T, error) {
	bits := 64
	if uint64(^T(0)) == 1<<32-1 {
		bits = 32
	}
	v, err := strconv.ParseUint(string(b), 10, bits)
	return T(v), err
}

// kernelThread tells whether the process is one: PF_KTHREAD, include/linux/sched.h.
func (s *stat) kernelThread() bool { return s.flags&0x00200000 != 0 }

// gone tells whether the process has exited and waits for its parent. A main
// thread that has exited before others shows the same state.
func (s *stat) gone() bool { return (s.state == 'Z' || s.state == 'X') && s.threads <= 1 }

// startNS is the end of the tick in which the process started.
func (s *stat) startNS() uint64 { return s.start*tick + tick - 1 }

// terminalName is what the kernel calls the terminal: include/uapi/linux/major.h.
func (s *stat) terminalName() string {
	major := s.terminal >> 8 & 0xfff
	minor := s.terminal&0xff | s.terminal>>12&0xfff00
	switch {
	case major >= 136 && major <= 143:
		return "pts" + strconv.Itoa(int((major-136)<<8|minor))
	case major == 4 && minor < 64:
		return "tty" + strconv.Itoa(int(minor))
	case major == 4:
		return "ttyS" + strconv.Itoa(int(minor-64))
	case major == 229:
		return "hvc" + strconv.Itoa(int(minor))
	}
	return ""
}
