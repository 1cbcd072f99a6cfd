package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Process is an image of a process: what an exec ID names.
type Process struct {
	ExecID   string // 16 hexadecimal digits
	Parent   string // the exec ID of what made its process
	Previous string // the exec ID that its process had before it ran this image; "": not known
	Depth    int    // 0 for the one asked for, below 0 for those that it came from
	Kind     string // exec; process for one that ran before the sensor; fork for one that runs its parent's image
	Sensor   string
	Time     time.Time
	Ended    time.Time // zero: not known to have
	ExitCode string
	PID      uint64
	Name     string
	Path     string
	Command  string
	User     string
}

// TreeQuery asks for a process with what it came from and what came from it.
type TreeQuery struct {
	ExecID       string
	Sensor       string    // "": looked for on every sensor
	Since, Until time.Time // when to look: zero is always
	Processes    int       // at most; 0: 500
	Levels       int       // at most, in each direction; 0: 32
}

// Processes of a tree, and levels of it, when its query does not say.
const (
	treeProcesses = 500
	treeLevels    = 32
)

// ProcessTree is what was found, the farthest ancestor first, then by depth and time.
type ProcessTree struct {
	Processes []Process
	Cut       bool // there is more than was asked for
}

// births are the kinds that tell of a new exec ID: its own is process.uid, its parent's
// actor.process.uid.
func births() []string { return []string{"exec", "process", "fork"} }

const treeFields = " | fields _time, vigil.sensor, vigil.kind, process.uid, process.pid, process.name, process.file.path, process.cmd_line, process.user.name, actor.process.uid, actor.process.file.path, actor.process.cmd_line, actor.process.user.name, unmapped.previous_exec_id"

// Tree finds a process tree: a question a level, up and down at the same time.
func Tree(ctx context.Context, s Store, q TreeQuery) (*ProcessTree, error) {
	if !isExecID(q.ExecID) {
		return nil, fmt.Errorf("process tree: %q is no exec ID: 16 hexadecimal digits", q.ExecID)
	}
	q.Processes, q.Levels = cmp.Or(q.Processes, treeProcesses), cmp.Or(q.Levels, treeLevels)
	t := &treeSearch{store: s, query: q, found: map[string]*Process{}}
	self, err := t.ask(ctx, "process.uid:="+quote(q.ExecID), 0)
	if err != nil {
		return nil, err
	}
	up, down := t.ups(self), []string{q.ExecID}
	var upErr, downErr error
	var done sync.WaitGroup
	done.Go(func() { upErr = t.climb(ctx, up) })
	done.Go(func() { downErr = t.descend(ctx, down) })
	done.Wait()
	if err := cmp.Or(upErr, downErr); err != nil {
		return nil, err
	}
	if err := t.ends(ctx); err != nil {
		return nil, err
	}
	return t.tree(), nil
}

func isExecID(s string) bool {
	return len(s) == 16 && strings.Trim(s, "0123456789abcdef") == ""
}

type treeSearch struct {
	store Store
	query TreeQuery
	lock  sync.Mutex
	found map[string]*Process
	cut   bool
}

// ask gives the processes that are new.
func (t *treeSearch) ask(ctx context.Context, filter string, depth int) ([]*Process, error) {
	q := Query{LogsQL: stream(t.query.Sensor, births()...) + " " + filter + treeFields + fmt.Sprintf(" | limit %d", 4*t.query.Processes), Limit: MostRows, Since: t.query.Since, Until: t.query.Until}
	results, err := all(ctx, t.store, q)
	if err != nil {
		return nil, fmt.Errorf("process tree: %w", err)
	}
	// A fork tells less than the exec that another row may tell of the same: it comes last.
	slices.SortStableFunc(results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(rank(a.Get(FieldKind)), rank(b.Get(FieldKind))), a.Time().Compare(b.Time()))
	})
	t.lock.Lock()
	defer t.lock.Unlock()
	var fresh []*Process
	for _, r := range results {
		p := process(r, depth)
		if t.found[p.ExecID] != nil {
			continue
		}
		if len(t.found) >= t.query.Processes {
			t.cut = true
			break
		}
		t.found[p.ExecID] = p
		fresh = append(fresh, p)
	}
	return fresh, nil
}

func rank(kind string) int { return slices.Index(births(), kind) }

func process(r Result, depth int) *Process {
	p := &Process{
		ExecID: r.Get("process.uid"), Parent: r.Get("actor.process.uid"), Previous: r.Get("unmapped.previous_exec_id"), Depth: depth,
		Kind: r.Get(FieldKind), Sensor: r.Get(FieldSensor), Time: r.Time(), PID: r.number("process.pid"), Name: r.Get("process.name"),
		Path: r.Get("process.file.path"), Command: r.Get("process.cmd_line"), User: r.Get("process.user.name"),
	}
	if p.Kind == "fork" {
		p.Path, p.Command, p.User = r.Get("actor.process.file.path"), r.Get("actor.process.cmd_line"), r.Get("actor.process.user.name")
	}
	if strings.Trim(p.Previous, "0") == "" {
		p.Previous = ""
	}
	return p
}

// ups are the exec IDs that processes came from and that are not known yet.
func (t *treeSearch) ups(of []*Process) []string {
	t.lock.Lock()
	defer t.lock.Unlock()
	var ids []string
	for _, p := range of {
		for _, id := range []string{p.Parent, p.Previous} {
			if isExecID(id) && strings.Trim(id, "0") != "" && t.found[id] == nil && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (t *treeSearch) climb(ctx context.Context, ids []string) error {
	for level := 1; len(ids) > 0; level++ {
		if level > t.query.Levels {
			t.over()
			return nil
		}
		fresh, err := t.ask(ctx, "process.uid:"+oneOf(ids), -level)
		if err != nil {
			return err
		}
		ids = t.ups(fresh)
	}
	return nil
}

func (t *treeSearch) descend(ctx context.Context, ids []string) error {
	for level := 1; len(ids) > 0; level++ {
		if level > t.query.Levels {
			t.over()
			return nil
		}
		list := oneOf(ids)
		fresh, err := t.ask(ctx, "(actor.process.uid:"+list+" or unmapped.previous_exec_id:"+list+")", level)
		if err != nil {
			return err
		}
		ids = ids[:0]
		for _, p := range fresh {
			ids = append(ids, p.ExecID)
		}
	}
	return nil
}

func (t *treeSearch) over() {
	t.lock.Lock()
	t.cut = true
	t.lock.Unlock()
}

// ends finds when processes ended.
func (t *treeSearch) ends(ctx context.Context) error {
	if len(t.found) == 0 {
		return nil
	}
	ids := make([]string, 0, len(t.found))
	for id := range t.found {
		ids = append(ids, id)
	}
	q := Query{
		LogsQL: stream(t.query.Sensor, "exit") + " process.uid:" + oneOf(ids) + fmt.Sprintf(" | fields _time, process.uid, exit_code | limit %d", 2*len(ids)),
		Limit:  MostRows, Since: t.query.Since, Until: t.query.Until,
	}
	err := t.store.Query(ctx, q, func(r Result) bool {
		if p := t.found[r.Get("process.uid")]; p != nil {
			p.Ended, p.ExitCode = r.Time(), strings.Clone(r.Get("exit_code"))
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("process tree: %w", err)
	}
	return nil
}

// tree puts what was found in order. A fork whose process then ran an image is that
// image: what came from it came from that.
func (t *treeSearch) tree() *ProcessTree {
	became := map[string]string{}
	for _, p := range t.found {
		if f := t.found[p.Previous]; f != nil && f.Kind == "fork" && f.ExecID != t.query.ExecID {
			became[f.ExecID] = p.ExecID
		}
	}
	out := &ProcessTree{Cut: t.cut}
	for id, p := range t.found {
		if became[id] != "" {
			continue
		}
		if b := became[p.Parent]; b != "" && b != id {
			p.Parent = b
		}
		if became[p.Previous] != "" {
			p.Previous = ""
		}
		out.Processes = append(out.Processes, *p)
	}
	slices.SortFunc(out.Processes, func(a, b Process) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), a.Time.Compare(b.Time), strings.Compare(a.ExecID, b.ExecID))
	})
	return out
}
