package process

import "math/bits"

// maxText is the most that the texts of an image take, bytes: lengths have 16 bits.
const maxText = 1<<16 - 1

// texts hands out buffers in a few sizes and takes them back. All it holds, in
// use or free, stays within the budget.
type texts struct {
	budget int
	held   int // bytes allocated
	used   int // of these, bytes handed out
	free   [classes][][]byte
}

// Two sizes to each doubling, all of them sizes of Go's allocator: 64, 96, 128, 192, ... 65536.
const classes = 21

func classOf(n int) int {
	if n <= 64 {
		return 0
	}
	k := bits.Len(uint(n-1)) - 6 // n in (32<<k, 64<<k]
	if n <= 48<<k {
		return 2*k - 1
	}
	return 2 * k
}

func classSize(class int) int {
	if class&1 == 0 {
		return 64 << (class / 2)
	}
	return 96 << (class / 2)
}

// sizeOf is what n bytes of text take.
func sizeOf(n int) int {
	if n == 0 {
		return 0
	}
	return classSize(classOf(n))
}

// get gives a buffer with room for n bytes; nil when the budget has no place for
// it, and for n = 0.
func (x *texts) get(n int) []byte {
	if n == 0 || n > maxText {
		return nil
	}
	class := classOf(n)
	size := classSize(class)
	if stack := x.free[class]; len(stack) > 0 {
		b := stack[len(stack)-1]
		stack[len(stack)-1] = nil
		x.free[class] = stack[:len(stack)-1]
		x.used += size
		return b
	}
	if x.used+size > x.budget {
		return nil
	}
	for other := classes - 1; x.held+size > x.budget; {
		stack := x.free[other]
		if len(stack) == 0 {
			other--
			continue
		}
		stack[len(stack)-1] = nil
		x.free[other] = stack[:len(stack)-1]
		x.held -= classSize(other)
	}
	x.held += size
	x.used += size
	return make([]byte, size)
}

// put takes back what get gave, at any length.
func (x *texts) put(b []byte) {
	if cap(b) == 0 {
		return
	}
	class := classOf(cap(b))
	x.used -= classSize(class)
	x.free[class] = append(x.free[class], b[:cap(b)])
}
