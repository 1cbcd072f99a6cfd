package process

import (
	"fmt"
	"strings"
	"testing"

	"vigil/decode"
)

func draw(nodes []Node) string {
	var b strings.Builder
	for _, n := range nodes {
		end := ""
		if n.Last {
			end = " ."
		}
		if n.Is(FlagExited) {
			end += " exited"
		}
		fmt.Fprintf(&b, "%s%d %s %d%s\n", strings.Repeat("  ", n.Depth), n.PID, n.Path, n.Children, end)
	}
	return b.String()
}

func TestTree(t *testing.T) {
	tab := newTable(Settings{})
	tab.Apply(seedOf(head(10, 0, 1, second), decode.Exec{Start: 1}, words{path: "/init"}))
	tab.Apply(seedOf(head(11, 0, 2, second), decode.Exec{Start: 2}, words{comm: "kthreadd"}))
	tab.Apply(forkOf(head(10, 0, 1, 5*second), 20, 300)) // a shell, that becomes another program
	tab.Apply(forkOf(head(20, 10, 300, 6*second), 30, 200))
	tab.Apply(execOf(head(21, 10, 300, 7*second), decode.Exec{PreviousExecID: 20, Start: 5 * second}, words{path: "/server"}))
	tab.Apply(forkOf(head(21, 10, 300, 8*second), 40, 100))
	tab.Apply(execOf(head(31, 20, 200, 9*second), decode.Exec{PreviousExecID: 30, Start: 6 * second}, words{path: "/child"}))
	tab.Apply(forkOf(head(10, 0, 1, 10*second), 50, 400)) // ends before its child
	tab.Apply(forkOf(head(50, 10, 400, 11*second), 60, 500))
	tab.Apply(exitOf(head(50, 10, 400, 12*second), decode.Exit{Start: 10 * second}))
	tab.Apply(forkOf(head(10, 0, 1, 13*second), 70, 600)) // ends without one
	tab.Apply(exitOf(head(70, 10, 600, 14*second), decode.Exit{Start: 13 * second}))

	want := `1 /init 2
  300 /server 2
    200 /child 0
    100 /server 0 .
  400 /init 1 . exited
    500 /init 0 .
2  0 .
`
	views := tab.Snapshot()
	if got := draw(Tree(views)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for i, j := 0, len(views)-1; i < j; i, j = i+1, j-1 {
		views[i], views[j] = views[j], views[i]
	}
	if got := draw(Tree(views)); got != want {
		t.Errorf("another order gives\n%s", got)
	}
	if nodes := Tree(nil); len(nodes) != 0 {
		t.Errorf("nothing gives %v", nodes)
	}
}

// TestTreeDeep has neither depth nor a long chain of execs take quadratic time.
func TestTreeDeep(t *testing.T) {
	const n = 200_000
	deep := make([]View, n)
	for i := range deep {
		deep[i] = View{Facts: Facts{ExecID: uint64(i + 1), ParentExecID: uint64(i)}}
	}
	nodes := Tree(deep)
	if len(nodes) != n || nodes[n-1].Depth != n-1 {
		t.Errorf("%d nodes", len(nodes))
	}
	chain := make([]View, n)
	for i := range chain {
		chain[i] = View{Facts: Facts{ExecID: uint64(i + 1), NextExecID: uint64(i + 2), Flags: FlagReplaced}}
		if i >= n/2 { // children of all the images
			chain[i] = View{Facts: Facts{ExecID: uint64(i + 1), ParentExecID: uint64(i - n/2 + 1)}}
		}
	}
	chain[n/2-1].Flags, chain[n/2-1].NextExecID = 0, 0
	if nodes = Tree(chain); len(nodes) != n/2+1 || nodes[0].Children != n/2 {
		t.Errorf("%d nodes, %d children", len(nodes), nodes[0].Children)
	}
}

func TestSnapshotIsACopy(t *testing.T) {
	tab := born(t, Settings{Grace: timeOf(second)})
	w := words{path: "/bin/a", arguments: "a\x00b\x00", cwd: "/c", filename: "d", tty: "e", comm: "f"}
	tab.Apply(execOf(head(20, 10, 200, 60*second), decode.Exec{Inode: 9}, w))
	views := tab.Snapshot()
	tab.Apply(exitOf(head(20, 10, 200, 61*second), decode.Exit{}))
	tab.Expire(70 * second)
	tab.Apply(execOf(head(21, 10, 201, 71*second), decode.Exec{}, words{path: "/xxxxx", arguments: "yyyyyy", comm: "zzzz"}))
	v := views[1]
	if got := (words{v.Path, v.Arguments, v.CWD, v.Filename, v.TTY, v.Comm}); got != w || v.PID != 200 || v.Inode != 9 || !v.Running() {
		t.Errorf("got %+v, %+v", got, v)
	}
	if views[0].Children != 1 || views[0].Filename != "" {
		t.Errorf("got %+v", views[0])
	}
}
