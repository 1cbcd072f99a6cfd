package rule

import (
	"cmp"
	"slices"
)

// treeBuilder gathers the literals of a tree, as they are walked.
type treeBuilder struct{ keys []treeKey }

// treeKey is a literal, and whether the value is to have no more bytes behind it.
type treeKey struct {
	text    []byte
	over    bool
	literal uint32
}

func (b *treeBuilder) add(text []byte, over bool, literal uint32) {
	b.keys = append(b.keys, treeKey{text, over, literal})
}

// build gives nil when there is nothing to find.
func (b *treeBuilder) build() *tree {
	if len(b.keys) == 0 {
		return nil
	}
	t := &tree{}
	t.classify(b.keys)
	for i := range b.keys {
		k := &b.keys[i]
		for j, c := range k.text {
			k.text[j] = t.class[c]
		}
		if k.over {
			k.text = append(k.text, t.over)
		}
	}
	slices.SortFunc(b.keys, func(a, b treeKey) int {
		return cmp.Or(slices.Compare(a.text, b.text), cmp.Compare(a.literal, b.literal))
	})
	t.finds = []uint32{0}
	t.edges = make([]treeEdge, treeRoot+1)
	g := treeGrower{t, treeRoot + 1}
	g.grow(b.keys, 0, treeRoot)
	t.finds = append(t.finds, uint32(len(t.found)))
	t.edges = append(t.edges, make([]treeEdge, int(t.over)+1)...) // there is one of each class
	return t
}

// classify gives each byte that occurs its class.
func (t *tree) classify(keys []treeKey) {
	for _, k := range keys {
		for _, c := range k.text {
			t.class[c] = 1
		}
	}
	for c := range t.class {
		if t.class[c] != 0 {
			t.over++
			t.class[c] = t.over
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		t.class[c] = t.class[fold(c)]
	}
	t.over++
}

// treeGrower adds nodes. Edges before free are all taken.
type treeGrower struct {
	*tree
	free uint32
}

// grow adds a node, of keys that begin alike, and all behind it.
func (g *treeGrower) grow(keys []treeKey, depth int, n uint32) {
	if len(keys[0].text) == depth {
		g.edges[n].find = uint32(len(g.finds))
		g.finds = append(g.finds, uint32(len(g.found)))
	}
	for len(keys) > 0 && len(keys[0].text) == depth {
		g.found = append(g.found, keys[0].literal)
		keys = keys[1:]
	}
	var classes []uint32
	for _, k := range keys {
		if c := uint32(k.text[depth]); len(classes) == 0 || classes[len(classes)-1] != c {
			classes = append(classes, c)
		}
	}
	if len(classes) == 0 {
		return // its base is 0: no edge there is from it
	}
	base := g.room(classes)
	g.edges[n].base = base
	for _, c := range classes {
		g.edges[base+c].from = n
	}
	for _, c := range classes {
		to := slices.IndexFunc(keys, func(k treeKey) bool { return uint32(k.text[depth]) != c })
		if to < 0 {
			to = len(keys)
		}
		g.grow(keys[:to], depth+1, base+c)
		keys = keys[to:]
	}
}

// room finds where a node's edges can be among those of others.
func (g *treeGrower) room(classes []uint32) uint32 {
	taken := func(at uint32) bool { return int(at) < len(g.edges) && g.edges[at].from != 0 }
	for taken(g.free) {
		g.free++
	}
	base := g.free - min(g.free, classes[0])
	for slices.ContainsFunc(classes, func(c uint32) bool { return base+c <= treeRoot || taken(base+c) }) {
		base++
	}
	if n := int(base+classes[len(classes)-1]) + 1 - len(g.edges); n > 0 {
		g.edges = append(g.edges, make([]treeEdge, n)...)
	}
	return base
}
