package behavior

import (
	"hash/maphash"
	"net/netip"

	"vigil/decode"
	"vigil/detect"
)

// Event is a record with what is known of who did it. What machines ask for is found out
// once.
type Event struct {
	decode.Record

	who    detect.Who
	nobody *decode.Actor
	forest *forest
	actor  *decode.Actor // nil: nobody has asked yet, as of all below
	tree   uint64
	name   []byte
	args   []byte
	read   bool // name and args are
	glance Glance
}

// Actor is who did it; never nil.
func (e *Event) Actor() *decode.Actor {
	if e.actor == nil && e.who != nil {
		e.actor = e.who.Actor()
	}
	if e.actor == nil {
		e.actor = e.nobody
	}
	return e.actor
}

// Tree is the exec ID of the process that its tree begins with.
func (e *Event) Tree() uint64 {
	if e.tree == 0 {
		e.tree = e.forest.place(e).root
	}
	return e.tree
}

// EntityKind says what a finding is about.
type EntityKind uint8

// The kinds of entity.
const (
	Process EntityKind = iota // ExecID
	Tree                      // ExecID of the process that it begins with
	Address                   // Address
	Domain                    // Name
	User                      // Name, and Address where it came from
)

// Entity is what a finding is about.
type Entity struct {
	Kind    EntityKind
	ExecID  uint64
	Address netip.Addr
	Name    []byte // a view, valid until the next event
}

// Alert is what a machine found. The finding is shared and must not be changed.
type Alert struct {
	Finding *detect.Finding
	Entity  Entity
}

// Machine is one course of action that is looked for. Records of the life of
// processes come a batch before those of files and connections (two rings, one
// order: ARCHITECTURE.md), so that one must not take the order for that of time.
type Machine interface {
	// Kinds are the records it wants to see.
	Kinds() Kinds
	// Judge takes one and tells whether the course is complete with it. It keeps
	// nothing of the event.
	Judge(e *Event) (Alert, bool)
	// Findings are what it may find.
	Findings() []*detect.Finding
}

// Glance is what is seen of a record at a glance: without what records that are alike may
// differ in (detect.Like: not the arguments, the file, the peer).
type Glance uint8

// The glances. Look is also that of who glances at nothing.
const (
	Look   Glance = iota // it may mean something by itself
	Pass                 // it means nothing, whatever came before
	Follow               // it means something only by what came before
)

// Glancer is a machine that can do without most records. It is asked once about all that
// are alike.
type Glancer interface {
	Machine
	Glance(e *Event) Glance
}

// Kinds is a set of decode.Kind.
type Kinds uint64

func kinds(all ...decode.Kind) Kinds {
	var s Kinds
	for _, k := range all {
		s |= 1 << k
	}
	return s
}

// Has tells whether the kind is in the set.
func (s Kinds) Has(k decode.Kind) bool { return s>>k&1 != 0 }

// Set is all machines behind one door. It serves one goroutine.
type Set struct {
	forest   forest
	all      []Machine
	byKind   [decode.KindCount][]Machine // at most 32 each, see seen
	glancing Kinds                       // of which a machine is a Glancer
	sign     *BruteForce
	ransom   *Ransomware
	event    Event
	nobody   decode.Actor
	seen     [glances]seen
}

// glances is how many kinds of records that are alike are known at once.
const glances = 2048

// seen are the glances of all machines that want a kind, two bits each.
type seen struct{ like, glances uint64 }

// New makes all machines; lists may be nil.
func New(lists *Lists) *Set {
	seed := maphash.MakeSeed()
	s := &Set{forest: newForest(), sign: NewBruteForce(seed), ransom: NewRansomware(seed)}
	s.all = []Machine{
		s.ransom, NewDownloadExecute(seed), NewWebShell(), NewReverseShell(), NewPrivilege(), NewMining(),
		NewAnomalousCase(), NewScore(), NewBeacon(seed), NewPortScan(seed), NewProbe(seed), NewDiscovery(),
	}
	if lists != nil {
		s.all = append(s.all, NewIntelligence(lists))
	}
	for _, f := range s.Findings() {
		f.Defender = defender(f.Rule)
	}
	for _, m := range s.all {
		for k := decode.KindNone + 1; k < decode.KindCount; k++ {
			if m.Kinds().Has(k) {
				s.byKind[k] = append(s.byKind[k], m)
				if _, is := m.(Glancer); is {
					s.glancing |= kinds(k)
				}
			}
		}
	}
	return s
}

// Judge hands a record to the machines; found is called for each alert. Who may be nil;
// like is detect.Like of both.
func (s *Set) Judge(r decode.Record, who detect.Who, like uint64, found func(Alert)) {
	e := &s.event
	*e = Event{Record: r, who: who, nobody: &s.nobody, forest: &s.forest}
	s.forest.plant(e)
	machines := s.byKind[r.Kind()]
	all := uint64(0)
	if s.glancing.Has(r.Kind()) {
		all = s.glance(e, machines, like)
	}
	for _, m := range machines {
		e.glance = Glance(all & 3)
		if all >>= 2; e.glance == Pass {
			continue
		}
		if alert, ok := m.Judge(e); ok {
			found(alert)
		}
	}
}

// glance gives the glances of machines at a record.
func (s *Set) glance(e *Event, machines []Machine, like uint64) uint64 {
	known := &s.seen[like%glances]
	if like != 0 && known.like == like {
		return known.glances
	}
	var all uint64
	for i, m := range machines {
		if g, glances := m.(Glancer); glances {
			all |= uint64(g.Glance(e)) << (2 * i)
		}
	}
	if like != 0 {
		*known = seen{like, all}
	}
	return all
}

// Wants tells whether a machine looks at records of the kind.
func (s *Set) Wants(k decode.Kind) bool { return len(s.byKind[k]) > 0 }

// Wish gives the file that the record just judged makes worth a look, once. What was
// found is told to Sample; a file that nobody looks into is not held against anybody.
func (s *Set) Wish() (Wish, bool) {
	wished := s.ransom.content.wished
	s.ransom.content.wished = false
	return s.ransom.content.wish, wished
}

// Sample takes what a look into a file found.
func (s *Set) Sample(f *FileSample) (Alert, bool) { return s.ransom.content.sample(f) }

// Tree gives the exec ID of the process that the tree of a record's begins with.
func (s *Set) Tree(r decode.Record, who detect.Who) uint64 {
	return (&Event{Record: r, who: who, nobody: &s.nobody, forest: &s.forest}).Tree()
}

// SignIn hands an attempt to sign in to the machines that count them.
func (s *Set) SignIn(a *SignIn) (Alert, bool) { return s.sign.Judge(a) }

// Findings are all that the machines may find.
func (s *Set) Findings() []*detect.Finding {
	all := s.sign.Findings()
	for _, m := range s.all {
		all = append(all, m.Findings()...)
	}
	return all
}

func process(f *detect.Finding, e *Event) (Alert, bool) {
	return Alert{f, Entity{Kind: Process, ExecID: e.ExecID}}, true
}

func tree(f *detect.Finding, e *Event) (Alert, bool) {
	return Alert{f, Entity{Kind: Tree, ExecID: e.Tree()}}, true
}
