package process

import (
	"hash/maphash"
	"time"

	"vigil/decode"
)

// Settings bound a table. Zero fields take the defaults.
type Settings struct {
	MaxLive   int           // running processes, 65,536; at least 16
	MaxDead   int           // ended images, 16,384; at least 16
	TextBytes int           // of paths and arguments, 8 MiB
	Grace     time.Duration // how long an ended image stays, 30 s
	BootSeed  uint64        // what the kernel makes exec IDs with; 0: not known, starts of forked processes are less exact
}

func (s Settings) withDefaults() Settings {
	fill := func(v *int, standard, least int) {
		if *v == 0 {
			*v = standard
		}
		*v = max(*v, least)
	}
	fill(&s.MaxLive, 1<<16, 16)
	fill(&s.MaxDead, 1<<14, 16)
	fill(&s.TextBytes, 8<<20, 1<<10)
	if s.Grace <= 0 {
		s.Grace = 30 * time.Second
	}
	return s
}

// Stats say how the table fares. Live, Dead and the bytes are what is; all else
// counts since the start.
type Stats struct {
	Live     int `json:"live"`
	Dead     int `json:"dead"`      // ended images: within their grace time, or ancestors
	Pinned   int `json:"pinned"`    // of Dead, ancestors past their grace time
	TextUsed int `json:"text_used"` // bytes of texts
	TextHeld int `json:"text_held"` // bytes allocated for texts

	EvictedLive      uint64 `json:"evicted_live"`      // forgotten though running: MaxLive
	EvictedDead      uint64 `json:"evicted_dead"`      // forgotten before their time: MaxDead
	ArgumentsCut     uint64 `json:"arguments_cut"`     // images whose arguments found no room
	ArgumentsDropped uint64 `json:"arguments_dropped"` // ended images that gave their arguments for others
	PathsCut         uint64 `json:"paths_cut"`         // images that found no room at all
	UnknownParents   uint64 `json:"unknown_parents"`   // processes made by one that is not in the table
	Repaired         uint64 `json:"repaired"`          // entries made from a record after the one that was lost
	LostExits        uint64 `json:"lost_exits"`        // exits not seen but inferred
	Added            uint64 `json:"added"`             // by reconciliations
	Vanished         uint64 `json:"vanished"`          // by reconciliations
}

// Table is the table of processes. It is not safe for concurrent use.
type Table struct {
	settings Settings
	grace    uint64
	now      uint64 // boot time, ns: the latest heard of

	ids  index // every entry, by exec ID
	pids index // live entries, by PID

	live, fading, pinned list[Process, *Process]
	entries              pool[Process, *Process]

	trimmable list[Image, *Image] // ended images that have arguments, the oldest first
	images    pool[Image, *Image]
	texts     texts

	secret maphash.Seed // of hashes

	epoch       uint32 // of the last reconciliation
	reconciling bool
	since       uint64 // when its snapshot was begun
	result      Reconciled

	stats Stats
}

// New makes an empty table.
func New(s Settings) *Table {
	s = s.withDefaults()
	return &Table{
		settings: s,
		grace:    uint64(s.Grace),
		ids:      newIndex(),
		pids:     newIndex(),
		texts:    texts{budget: s.TextBytes},
		secret:   maphash.MakeSeed(),
		entries:  pool[Process, *Process]{make: unscanned[Process]}, // their images are kept by the pool of those
		images:   pool[Image, *Image]{make: scanned[Image]},         // nothing else keeps the texts
	}
}

// Lookup finds the image with this exec ID, running or ended; nil when the table
// does not know it. It allocates nothing.
func (t *Table) Lookup(execID uint64) *Process { return t.ids.get(execID) }

// Hash hashes a text; nobody outside can tell what has the same.
func (t *Table) Hash(b []byte) uint64 { return maphash.Bytes(t.secret, b) }

// HashString is Hash of a string.
func (t *Table) HashString(s string) uint64 { return maphash.String(t.secret, s) }

// PathHash is the hash of the path that a process runs, found out once for each image; never 0.
func (t *Table) PathHash(p *Process) uint64 {
	if p.hash == 0 {
		p.hash = max(t.Hash(p.Path()), 1)
	}
	return p.hash
}

// LookupPID finds what runs under the PID (of the first PID namespace) now.
func (t *Table) LookupPID(pid uint32) *Process { return t.pids.get(uint64(pid)) }

// Resolve finds the process that a record of any kind is about: by exec ID, or,
// when the kernel's table or ours made the ID up, by PID if the start agrees.
// It makes no entry: nil when the process is not known.
func (t *Table) Resolve(h *decode.Header) *Process {
	p := t.ids.get(h.ExecID)
	if h.Flags&decode.EventNoIdentity == 0 || h.ExecID == 0 || p != nil && p.Running() {
		return p
	}
	q := t.pids.get(uint64(h.PID))
	if q == nil {
		return p
	}
	// An ID made up by the kernel is that of the start.
	start, exact := t.begin(h.PID, h.ExecID, h.Time, h.Time)
	if !exact {
		start = 0
	}
	if p != nil && p.PID == q.PID && q.same(p.ParentExecID, start) || exact && q.same(0, start) {
		if q.Flags&FlagProvisional != 0 && p == nil {
			t.rename(q, h.ExecID, start)
		}
		return q
	}
	if p == nil && q.Flags&FlagProvisional != 0 && t.settings.BootSeed == 0 {
		// Only the PID speaks for it; a fork would have taken that from it.
		t.rename(q, h.ExecID, 0)
		return q
	}
	return p
}

// Parent finds the image that made p; nil when there is none, or not any more.
func (t *Table) Parent(p *Process) *Process {
	if q := p.parent; q != nil {
		if q.gen == p.parentGen {
			return q
		}
		p.parent = nil
	}
	if p.ParentExecID == 0 {
		return nil
	}
	q := t.ids.get(p.ParentExecID)
	if q == nil || q == p {
		return nil
	}
	p.parent, p.parentGen = q, q.gen
	q.children++
	return q
}

// MaxAncestors bounds how far Ancestry walks, and how many ended ancestors one
// line of processes keeps in the table.
const MaxAncestors = 64

// Ancestry visits the images that made p, the nearest first, until visit says
// false: exactly those, wherever their processes have gone since.
func (t *Table) Ancestry(p *Process, visit func(*Process) bool) {
	for range MaxAncestors {
		if p = t.Parent(p); p == nil || !visit(p) {
			return
		}
	}
}

// Len counts the entries.
func (t *Table) Len() int { return t.ids.used }

// Stats says how the table fares.
func (t *Table) Stats() Stats {
	s := t.stats
	s.Live = t.live.len
	s.Dead = t.fading.len + t.pinned.len
	s.Pinned = t.pinned.len
	s.TextUsed, s.TextHeld = t.texts.used, t.texts.held
	return s
}
