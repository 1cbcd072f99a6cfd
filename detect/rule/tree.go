package rule

// tree finds the literals that have their place: it is walked from the beginning of a
// value on, or from its end back, as far as any literal goes. Its edges lie in one table
// (a double array: Aoe, 1989). Its alphabet is classes of bytes, in which letters of
// either case are one, and one letter more for where the value has no more bytes.
type tree struct {
	class [256]uint8 // 0: no literal has the byte
	over  uint8
	nodes []treeNode // one more than there are
	edges []treeEdge
	found []uint32 // literals
}

type treeNode struct {
	edges uint32 // where in edges that of class 0 would be
	found uint32 // where in found its literals begin
}

type treeEdge struct{ node, to uint32 } // the node it is of, plus 1

func (t *tree) step(n uint32, class uint8) uint32 {
	if e := t.edges[t.nodes[n].edges+uint32(class)]; e.node == n+1 {
		return e.to
	}
	return 0
}

// forward marks the literals that a value begins with.
func (st *state) forward(t *tree, v []byte) {
	n := uint32(0)
	for _, b := range v {
		if n = t.step(n, t.class[b]); n == 0 {
			return
		}
		st.arrive(t, n)
	}
	if n = t.step(n, t.over); n != 0 {
		st.arrive(t, n)
	}
}

// backward marks the literals that a value ends with, and is.
func (st *state) backward(t *tree, v []byte) {
	n := uint32(0)
	for i := len(v) - 1; i >= 0; i-- {
		if n = t.step(n, t.class[v[i]]); n == 0 {
			return
		}
		st.arrive(t, n)
	}
	if n = t.step(n, t.over); n != 0 {
		st.arrive(t, n)
	}
}

func (st *state) arrive(t *tree, n uint32) {
	for _, l := range t.found[t.nodes[n].found:t.nodes[n+1].found] {
		if st.seen[l] != st.epoch {
			st.mark(l)
		}
	}
}

func (t *tree) size() int {
	if t == nil {
		return 0
	}
	return len(t.class) + 8*(len(t.nodes)+len(t.edges)) + 4*len(t.found)
}
