package rule

// automaton finds all literals of a field in one pass (Aho and Corasick, 1975). Its
// alphabet is classes of bytes, in which letters of either case are one, and two
// letters more: the beginning of a value, which only the first state has read, and its
// end. What is found is so by the state alone: no position needs to be looked at.
//
// A state is a number. Below deepState it is where the state's row begins in rows; the
// rows of all other states would not fit into a cache, so those have their few edges
// and a link to the state that goes on without them.
type automaton struct {
	class [256]uint8
	end   uint32 // class of the end
	start uint32 // the state that has read the beginning
	rows  []uint32
	deep  []deepNode
	edges []edge

	// What states find. The last entry of a row, and each deep state, has the number of
	// its find; 0 is none.
	finds  []find
	found  []uint32
	stride uint32
	length int // of the longest literal
}

// find is the literals that end in a state: in found, from here to where the next find
// begins; and the find to go on with, 0 for none.
type find struct{ from, more uint32 }

const (
	deepState  = 1 << 30
	findsState = 1 << 31 // the state, or one it links to, finds something
	stateMask  = findsState - 1
)

// deepNode is a state without a row. Nearly all have one edge.
type deepNode struct {
	fail  uint32
	find  uint32
	next  uint32 // where the first edge leads
	first uint32 // where in edges the others begin
	class uint8  // of the first edge
	more  uint8  // how many others
}

type edge struct {
	next  uint32
	class uint8
}

// step goes on from a deep state.
func (a *automaton) step(s, class uint32) uint32 {
	for {
		d := &a.deep[s&^deepState]
		if uint32(d.class) == class {
			return d.next
		}
		for _, e := range a.edges[d.first : d.first+uint32(d.more)] {
			if uint32(e.class) == class {
				return e.next
			}
		}
		if s = d.fail; s < deepState {
			return a.rows[s+class]
		}
	}
}

// next goes on from any state.
func (a *automaton) next(s, class uint32) uint32 {
	if s < deepState {
		return a.rows[s+class]
	}
	return a.step(s, class)
}

// findOf gives the number of what a state finds.
func (a *automaton) findOf(s uint32) uint32 {
	if s < deepState {
		return a.rows[s+a.stride-1]
	}
	return a.deep[s&^deepState].find
}

// size is how much memory the tables take, bytes.
func (a *automaton) size() int {
	return len(a.class) + 4*(len(a.rows)+len(a.found)) + 8*len(a.finds) + 20*len(a.deep) + 8*len(a.edges)
}
