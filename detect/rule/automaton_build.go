package rule

import "slices"

// What a literal has besides bytes.
const (
	beginning = 256
	ending    = 257
)

// trie is an automaton in the making. Its states are in the order they were made; the
// first is the root.
type trie struct {
	nodes  []trieNode
	length int // of the longest literal
}

type trieNode struct {
	edges []trieEdge // sorted by symbol
	fail  int32
	more  int32 // the nearest of the links of fail that finds something
	depth int32
	finds []uint32
	state uint32
	find  uint32
}

type trieEdge struct {
	symbol int16
	to     int32
}

func (n *trieNode) child(symbol int16) (int32, bool) {
	i, ok := slices.BinarySearchFunc(n.edges, symbol, func(e trieEdge, s int16) int { return int(e.symbol) - int(s) })
	if !ok {
		return int32(i), false
	}
	return n.edges[i].to, true
}

// add puts a literal in.
func (t *trie) add(l *literal, id uint32) {
	if len(t.nodes) == 0 {
		t.nodes = append(t.nodes, trieNode{})
	}
	t.length = max(t.length, len(l.text))
	at := int32(0)
	if l.begins {
		at = t.grow(at, beginning)
	}
	for i := range len(l.text) {
		at = t.grow(at, int16(l.text[i]))
	}
	if l.ends {
		at = t.grow(at, ending)
	}
	t.nodes[at].finds = append(t.nodes[at].finds, id)
}

func (t *trie) grow(at int32, symbol int16) int32 {
	to, ok := t.nodes[at].child(symbol)
	if ok {
		return to
	}
	made := int32(len(t.nodes))
	n := &t.nodes[at]
	n.edges = slices.Insert(n.edges, int(to), trieEdge{symbol, made})
	t.nodes = append(t.nodes, trieNode{depth: n.depth + 1})
	return made
}

// link sets where each state goes on when it has no edge, and gives the states by depth.
func (t *trie) link() []int32 {
	order := []int32{0}
	for i := 0; i < len(order); i++ {
		at := order[i]
		for _, e := range t.nodes[at].edges {
			order = append(order, e.to)
			n := &t.nodes[e.to]
			if at != 0 {
				n.fail = t.follow(t.nodes[at].fail, e.symbol)
			}
			if n.more = n.fail; len(t.nodes[n.fail].finds) == 0 {
				n.more = t.nodes[n.fail].more
			}
		}
	}
	return order
}

func (t *trie) follow(at int32, symbol int16) int32 {
	for {
		if to, ok := t.nodes[at].child(symbol); ok {
			return to
		}
		if at == 0 {
			return 0
		}
		at = t.nodes[at].fail
	}
}

// rowBytes bounds the rows of one automaton, so that they stay in a cache.
const rowBytes = 1 << 20

// build makes the automaton.
func (t *trie) build() *automaton {
	if len(t.nodes) == 0 {
		t.nodes = append(t.nodes, trieNode{})
	}
	t.grow(0, beginning) // there is always a state to begin with
	order := t.link()
	a := &automaton{length: t.length, finds: make([]find, 1)} // the first finds nothing
	a.classify(t)
	rows := min(len(order), max(3, rowBytes/4/int(a.stride)))
	for i, at := range order { // by depth: the upper states get the rows
		if i < rows {
			t.nodes[at].state = uint32(i) * a.stride
		} else {
			t.nodes[at].state = deepState | uint32(i-rows)
		}
	}
	a.rows = make([]uint32, rows*int(a.stride))
	for i, at := range order {
		n := &t.nodes[at]
		find := a.addFind(t, n)
		if i < rows {
			a.addRow(t, n, find)
		} else {
			a.addDeep(t, n, find)
		}
	}
	a.finds = append(a.finds, find{from: uint32(len(a.found))})
	start, _ := t.nodes[0].child(beginning)
	a.start = t.nodes[start].state
	return a
}

// classify gives each byte that occurs its class; class 0 is all others.
func (a *automaton) classify(t *trie) {
	var used [256]bool
	for i := range t.nodes {
		for _, e := range t.nodes[i].edges {
			if e.symbol < 256 {
				used[e.symbol] = true
			}
		}
	}
	n := uint32(1)
	for b := range used {
		if used[b] {
			a.class[b] = uint8(n)
			n++
		}
	}
	for b := byte('A'); b <= 'Z'; b++ {
		a.class[b] = a.class[fold(b)]
	}
	a.end = n
	a.stride = n + 2
}

func (a *automaton) classOf(symbol int16) (uint32, bool) {
	switch symbol {
	case beginning:
		return 0, false
	case ending:
		return a.end, true
	}
	return uint32(a.class[symbol]), true
}

// target is a state as an edge names it: with the mark that it finds something.
func (t *trie) target(at int32) uint32 {
	n := &t.nodes[at]
	if len(n.finds) > 0 || n.more != 0 {
		return n.state | findsState
	}
	return n.state
}

// addFind adds what a state finds by itself; one that finds nothing has what the state
// finds that it links to.
func (a *automaton) addFind(t *trie, n *trieNode) uint32 {
	if len(n.finds) == 0 {
		return t.nodes[n.more].find
	}
	n.find = uint32(len(a.finds))
	a.finds = append(a.finds, find{uint32(len(a.found)), t.nodes[n.more].find})
	a.found = append(a.found, n.finds...)
	return n.find
}

func (a *automaton) addRow(t *trie, n *trieNode, find uint32) {
	row := a.rows[n.state : n.state+a.stride]
	if n.depth > 0 {
		// The state to go on with is less deep, so it has a row already.
		fail := t.nodes[n.fail].state
		copy(row, a.rows[fail:fail+a.stride])
	}
	for _, e := range n.edges {
		if c, ok := a.classOf(e.symbol); ok {
			row[c] = t.target(e.to)
		}
	}
	row[a.stride-1] = find
}

func (a *automaton) addDeep(t *trie, n *trieNode, find uint32) {
	d := deepNode{find: find, fail: t.nodes[n.fail].state, class: noClass, first: uint32(len(a.edges))}
	for i, e := range n.edges {
		c, _ := a.classOf(e.symbol) // never the beginning, which only the root has
		if i == 0 {
			d.class, d.next = uint8(c), t.target(e.to)
			continue
		}
		a.edges = append(a.edges, edge{t.target(e.to), uint8(c)})
		d.more++
	}
	a.deep = append(a.deep, d)
}

// noClass is a class that no letter has: at most 230 bytes remain when case is folded,
// and with all others and the end there are 232.
const noClass = 255
