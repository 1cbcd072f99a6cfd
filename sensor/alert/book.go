package alert

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"hash/maphash"
	"time"

	"vigil/detect"
)

// Settings of a Book; what is zero has its default.
type Settings struct {
	Window   time.Duration // how long what is the same is one alert, from its first; default an hour
	Together time.Duration // how long after its last alert an incident takes another; default 30 minutes
	Most     int           // alerts kept, open and closed; default 4096
	Bytes    int           // that they may take, about; default 2 MiB
	Seed     uint64        // makes the IDs: another for each run of each host
}

// shown is how many events an alert keeps, of the first that showed it.
const shown = 4

// Book keeps alerts. It serves one goroutine.
type Book struct {
	settings Settings
	dismiss  []*Suppression
	seed     maphash.Seed
	open     map[uint64]*entry
	all      []*entry // the oldest first; at most Most
	trees    map[uint64]*incident
	users    map[uint32]*incident
	bytes    int
	made     uint64
	closed   func(*detect.Alert)

	// Forgotten counts alerts that made room while still open: the next like them is
	// another alert.
	Forgotten uint64
}

type entry struct {
	alert    detect.Alert
	incident *incident
	key      uint64
	told     uint64 // the count that was told last
	size     int
	open     bool
}

type incident struct {
	id   string
	last time.Time
}

// Seen is one time that a finding was made.
type Seen struct {
	Finding *detect.Finding
	Key     uint64 // what it is about: what is the same is folded
	User    uint32 // UID: alerts of one user, but root, belong together
	At      time.Time
	Dismiss *Suppression // see Book.Dismisses; nil: nobody does
}

// NewBook makes an empty book. It hands over each alert that is folded no longer, and
// was seen again since it was told last.
func NewBook(s Settings, closed func(*detect.Alert)) *Book {
	if s.Window == 0 {
		s.Window = time.Hour
	}
	if s.Together == 0 {
		s.Together = 30 * time.Minute
	}
	if s.Most == 0 {
		s.Most = 4096
	}
	if s.Bytes == 0 {
		s.Bytes = 2 << 20
	}
	return &Book{
		settings: s, closed: closed, seed: maphash.MakeSeed(), open: map[uint64]*entry{}, trees: map[uint64]*incident{}, users: map[uint32]*incident{},
	}
}

// Suppress sets what is dismissed from now on.
func (b *Book) Suppress(all []*Suppression) { b.dismiss = all }

// Add takes a finding, and gives its alert with what became of it: Create for a new one;
// Update when it was seen ten, a hundred, a thousand... times; and in between 0, when
// nobody need be told. Show adds what the event shows: of the first few times only, of
// which fresh is the first. Tree gives the tree of processes, 0 for none; it is asked of
// new ones only. What is seen again allocates nothing.
func (b *Book) Add(s *Seen, tree func() uint64, show func(a *detect.Alert, fresh bool)) (*detect.Alert, detect.Activity) {
	key := b.key(s)
	e := b.open[key]
	if e != nil && s.At.Sub(e.alert.First) >= b.settings.Window {
		b.close(e)
		e = nil
	}
	if e == nil {
		return b.create(key, s, tree(), show), detect.Create
	}
	a := &e.alert
	if a.Count++; s.At.After(a.Last) {
		a.Last = s.At
	}
	if in := e.incident; s.At.After(in.last) {
		in.last = s.At
	}
	if a.Count <= shown {
		show(a, false)
		b.weigh(e)
	}
	if a.Count < e.told*10 {
		return a, 0
	}
	e.told = a.Count
	return a, detect.Update
}

func (b *Book) create(key uint64, s *Seen, tree uint64, show func(*detect.Alert, bool)) *detect.Alert {
	b.made++
	e := &entry{key: key, told: 1, open: true, alert: detect.Alert{ID: b.id(), Finding: *s.Finding, First: s.At, Last: s.At, Count: 1}}
	if s.Dismiss != nil {
		e.alert.Dismiss = s.Dismiss.Reason
	}
	e.incident = b.join(s, tree, e.alert.ID)
	e.alert.Incident = e.incident.id
	show(&e.alert, true)
	for len(b.all) >= b.settings.Most {
		b.forget()
	}
	b.all = append(b.all, e)
	b.open[key] = e
	b.weigh(e)
	return &e.alert
}

// weigh counts what an alert takes now, and lets the oldest go while all take too much.
func (b *Book) weigh(e *entry) {
	size := 1024
	for _, shows := range e.alert.Evidence {
		size += len(shows.Event)
	}
	for _, p := range e.alert.Ancestry {
		size += 256 + len(p.Path) + len(p.Command) + len(p.Directory)
	}
	b.bytes += size - e.size
	e.size = size
	for b.bytes > b.settings.Bytes && len(b.all) > 1 {
		b.forget()
	}
}

// forget lets the oldest alert go.
func (b *Book) forget() {
	oldest := b.all[0]
	if oldest.open {
		b.Forgotten++
		b.close(oldest)
	}
	b.bytes -= oldest.size
	b.all[0] = nil
	b.all = b.all[1:]
}

func (b *Book) key(s *Seen) uint64 {
	key := s.Key ^ maphash.String(b.seed, s.Finding.Rule)
	if s.Dismiss != nil {
		key ^= maphash.String(b.seed, s.Dismiss.Reason) * 3 // not what a rule of that name has
	}
	return key
}

// id is 32 hexadecimal digits that no other alert has.
func (b *Book) id() string {
	h := fnv.New128a()
	var n [16]byte
	binary.BigEndian.PutUint64(n[:], b.settings.Seed)
	binary.BigEndian.PutUint64(n[8:], b.made)
	h.Write(n[:])
	return hex.EncodeToString(h.Sum(nil))
}

// Expire closes what is folded no longer.
func (b *Book) Expire(now time.Time) {
	for _, e := range b.open {
		if now.Sub(e.alert.First) >= b.settings.Window {
			b.close(e)
		}
	}
	drop(b.trees, now.Add(-b.settings.Together))
	drop(b.users, now.Add(-b.settings.Together))
}

// Finish closes all.
func (b *Book) Finish() {
	for _, e := range b.all {
		if e.open {
			b.close(e)
		}
	}
}

func (b *Book) close(e *entry) {
	delete(b.open, e.key)
	e.open = false
	if e.alert.Count > e.told {
		e.told = e.alert.Count
		b.closed(&e.alert)
	}
}

// Each visits the alerts that are kept, the oldest first, with what became of each.
func (b *Book) Each(visit func(*detect.Alert, detect.Activity)) {
	for _, e := range b.all {
		did := detect.Close
		switch {
		case e.open && e.alert.Count > 1:
			did = detect.Update
		case e.open:
			did = detect.Create
		}
		visit(&e.alert, did)
	}
}
