package process

import (
	"cmp"
	"slices"
)

// Node is a process in its place in the tree.
type Node struct {
	*View
	Depth    int  // 0: no parent is known
	Last     bool // among the children of its parent, or the roots
	Children int  // in the tree
}

// Tree orders a snapshot as who made whom: depth first, siblings by start. A
// process is there once, with the image it runs, under the process that made
// it, whatever image that one ran then. Ended processes are there where running
// ones descend from them. The nodes point into views.
func Tree(views []View) []Node {
	t := newTree(views)
	children := make([][]int, len(views))
	var roots []int
	for i := range views {
		if t.shown[i] == 0 {
			continue
		}
		if up := t.parents[i]; up >= 0 {
			children[up] = append(children[up], i)
		} else {
			roots = append(roots, i)
		}
	}
	order := func(a, b int) int {
		x, y := &views[a], &views[b]
		return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.PID, y.PID), cmp.Compare(x.ExecID, y.ExecID))
	}
	for _, c := range children {
		slices.SortFunc(c, order)
	}
	slices.SortFunc(roots, order)

	type step struct{ view, depth, left int }
	var nodes []Node
	var stack []step
	push := func(siblings []int, depth int) { // the first is on top
		for n, i := range slices.Backward(siblings) {
			stack = append(stack, step{i, depth, len(siblings) - 1 - n})
		}
	}
	push(roots, 0)
	for len(stack) > 0 {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		c := children[s.view]
		nodes = append(nodes, Node{View: &views[s.view], Depth: s.depth, Last: s.left == 0, Children: len(c)})
		push(c, s.depth+1)
	}
	return nodes
}

// tree knows the parent of each view: its index, or -1.
type tree struct {
	views   []View
	byID    map[uint64]int
	parents []int
	shown   []int // by which walk from a running process, 0: not
	last    []int // image of each process, -1: not looked up
}

func newTree(views []View) *tree {
	t := &tree{
		views:   views,
		byID:    make(map[uint64]int, len(views)),
		parents: make([]int, len(views)),
		shown:   make([]int, len(views)),
		last:    make([]int, len(views)),
	}
	for i := range views {
		t.byID[views[i].ExecID] = i
		t.parents[i], t.last[i] = -1, -1
	}
	for i := range views {
		if views[i].Running() {
			t.show(i, i+1)
		}
	}
	return t
}

// show takes a process and those it descends from into the tree.
func (t *tree) show(i, walk int) {
	for t.shown[i] == 0 {
		t.shown[i] = walk
		up, ok := t.byID[t.views[i].ParentExecID]
		if !ok {
			return
		}
		up = t.current(up)
		if t.shown[up] == walk {
			return // records contradict each other: a circle has no root
		}
		t.parents[i] = up
		i = up
	}
}

// current is the last image of the process, as far as the table knows.
func (t *tree) current(i int) int {
	end := i
	for range t.views { // bounded, for records that contradict each other
		if t.last[end] >= 0 {
			end = t.last[end]
			break
		}
		next, ok := t.byID[t.views[end].NextExecID]
		if !ok {
			break
		}
		end = next
	}
	for at, ok := i, true; ok && t.last[at] < 0; {
		t.last[at] = end
		at, ok = t.byID[t.views[at].NextExecID]
	}
	return end
}
