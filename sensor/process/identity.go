package process

// tick is the resolution of start times in /proc, ns: USER_HZ is 100 on every
// architecture that Linux runs BPF on (include/asm-generic/param.h).
const tick = 10_000_000

// execID is exec_id_of of bpf/core.h.
func execID(seed uint64, pid uint32, start uint64) uint64 {
	x := (seed ^ uint64(pid)<<32) + start
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	if x == 0 {
		return 1
	}
	return x
}

// beginOf undoes execID: each step of the finalizer is a bijection. It gives the
// time that the ID was made from: the start of a forked process, the exec of an
// image. With another seed than the kernel's it gives noise.
func beginOf(seed uint64, pid uint32, id uint64) uint64 {
	x := id ^ id>>31 ^ id>>62
	x *= 0x319642b2d24d8ec3 // inverse of 0x94d049bb133111eb modulo 2^64
	x ^= x>>27 ^ x>>54
	x *= 0x96de1b173f119089 // inverse of 0xbf58476d1ce4e5b9
	x ^= x>>30 ^ x>>60
	return x - (seed ^ uint64(pid)<<32)
}

// beginWindow bounds how long before its record an image can have begun and
// still be taken from the exec ID: it keeps noise out.
const beginWindow = 10_000_000_000

// begin says when the image of a record began, at the latest at that record.
func (t *Table) begin(pid uint32, id, seen, window uint64) (time uint64, exact bool) {
	if t.settings.BootSeed != 0 {
		if b := beginOf(t.settings.BootSeed, pid, id); b != 0 && b <= seen && seen-b < window {
			return b, true
		}
	}
	return seen, false
}

func near(a, b, within uint64) bool { return max(a, b)-min(a, b) <= within }

// same tells whether p is the process that has its PID now: by its start where
// both are known, else by who made it, which exec does not change.
func (p *Process) same(parent, start uint64) bool {
	switch {
	case start == 0:
		return parent != 0 && p.ParentExecID == parent
	case p.Flags&FlagStartInexact != 0:
		// Start is then a moment when p had the PID: another owner started after it.
		return start <= p.Start
	}
	return p.Start == start
}
