package rule

// tree finds the literals that have their place: it is walked from the beginning of a
// value on, or from its end back, as far as any literal goes. Its edges lie in one table
// (a double array: Aoe, 1989). Its alphabet is classes of bytes, in which letters of
// either case are one, and one letter more for where the value has no more bytes.
type tree struct {
	class [256]uint8 // 0: no literal has the byte
	over  uint8
	edges []treeEdge
	finds []uint32 // where in found each find begins, and the end
	found []uint32 // literals
}

// treeEdge leads to a node, which has the number of the edge.
type treeEdge struct {
	from uint32 // the node that it is of
	base uint32 // where that to class 0 would be of the edges from the node it leads to
	find uint32 // what is found there; 0: nothing
}

// treeRoot is the edge that leads to the root, from nowhere.
const treeRoot = 1

// forward marks the literals that a value begins with.
func (st *state) forward(t *tree, v []byte) {
	n, base := uint32(treeRoot), t.edges[treeRoot].base
	for _, b := range v {
		k := base + uint32(t.class[b])
		e := &t.edges[k]
		if e.from != n {
			return
		}
		if n, base = k, e.base; e.find != 0 {
			st.arrive(t, e.find)
		}
	}
	st.finish(t, n, base)
}

// backward marks the literals that a value ends with, and is.
func (st *state) backward(t *tree, v []byte) {
	n, base := uint32(treeRoot), t.edges[treeRoot].base
	for i := len(v) - 1; i >= 0; i-- {
		k := base + uint32(t.class[v[i]])
		e := &t.edges[k]
		if e.from != n {
			return
		}
		if n, base = k, e.base; e.find != 0 {
			st.arrive(t, e.find)
		}
	}
	st.finish(t, n, base)
}

// finish marks the literals that are all of a value.
func (st *state) finish(t *tree, n, base uint32) {
	if e := &t.edges[base+uint32(t.over)]; e.from == n {
		st.arrive(t, e.find)
	}
}

func (st *state) arrive(t *tree, find uint32) {
	for _, l := range t.found[t.finds[find]:t.finds[find+1]] {
		if st.seen[l] != st.epoch {
			st.mark(l)
		}
	}
}

func (t *tree) size() int {
	if t == nil {
		return 0
	}
	return len(t.class) + 12*len(t.edges) + 4*(len(t.finds)+len(t.found))
}
