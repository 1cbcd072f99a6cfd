package decode

import (
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Field is a name and what it has, always text.
type Field struct{ Name, Value string }

// Flattener gives records as fields: those of AppendJSON's object, nested names with
// dots between them, without that object in the middle. Numbers and truths are text, an
// array is its JSON, an empty string is not there, and a file's name is not when its
// path ends with it. It is for one goroutine.
type Flattener struct {
	skip   func(name string) bool
	kinds  [KindCount]member
	levels [maxDepth]level
	depth  int
	out    []Field
	at     *member // that is being written, and where its value begins
	from   int
	room   []byte

	nobody Actor
	who    *Actor         // of the record
	told   map[who][2]int // where the fields of who did it lie in actors
	actors []Field
	values []byte
}

// who is what OCSF's actor is made of: the same makes the same fields.
type who struct {
	*Actor
	execID, parent uint64
	pid, tid, uid  uint32
}

// member is a name within an object, as it came before.
type member struct {
	key      string
	name     string // the whole
	skip     bool
	children []*member
}

// level is an object that is being written: records of a kind have their members in the
// same order, so that the next is found where it was last.
type level struct {
	of   *member
	next int
}

const maxDepth = 8

// NewFlattener makes one that leaves out the fields that skip names.
func NewFlattener(skip func(name string) bool) *Flattener {
	return &Flattener{skip: skip, told: map[who][2]int{}}
}

// Forget says that what an actor has may be another from now on. Until then fields of an
// actor are made once: they are half of what there is.
func (f *Flattener) Forget() {
	clear(f.told)
	clear(f.actors)
	f.actors, f.values = f.actors[:0], f.values[:0]
}

// Append appends the fields of a record. Names stay; values are valid until the next
// call and as long as the record and the actor, which may be nil as for AppendJSON, and
// else must not change before Forget.
func (f *Flattener) Append(dst []Field, r Record, a *Actor) []Field {
	if a == nil {
		a = &f.nobody
	}
	f.who, f.out, f.depth = a, dst, 0
	f.levels[0] = level{of: &f.kinds[r.Kind()]}
	o := object{b: f.room[:0], flat: f}
	o.record(r, a)
	f.room = o.b // what it was before it grew has the values until then
	dst, f.out = f.out, nil
	return dst
}

// actor adds the fields of who did it.
func (f *Flattener) actor(o *object, r Record, a *Actor) {
	if r.Exec() != nil { // it is the parent, and each has its own
		o.actor(r, a)
		return
	}
	w := who{f.who, r.ExecID, r.ParentExecID, r.PID, r.TID, r.UID}
	place, known := f.told[w]
	if !known {
		root := f.levels[0]
		f.levels[0] = level{of: &f.kinds[KindNone]} // of all kinds the same
		before := len(f.out)
		o.b, f.values = f.values, o.b
		o.actor(r, a)
		o.b, f.values = f.values, o.b
		f.levels[0] = root
		place[0] = len(f.actors)
		f.actors = append(f.actors, f.out[before:]...)
		place[1] = len(f.actors)
		f.told[w] = place
		return
	}
	f.out = append(f.out, f.actors[place[0]:place[1]]...)
}

// find gives the member of the object that is open.
func (f *Flattener) find(key string) *member {
	l := &f.levels[f.depth]
	all := l.of.children
	for i := l.next; i < len(all); i++ {
		if all[i].key == key {
			l.next = i + 1
			return all[i]
		}
	}
	for i := range min(l.next, len(all)) {
		if all[i].key == key {
			l.next = i + 1
			return all[i]
		}
	}
	m := &member{key: strings.Clone(key)}
	m.name = m.key
	if f.depth > 0 {
		m.name = l.of.name + "." + m.key
	}
	m.skip = f.skip(m.name)
	l.of.children = append(all, m)
	l.next = len(l.of.children)
	return m
}

func (f *Flattener) open(key string) {
	m := f.find(key)
	f.depth++
	f.levels[f.depth] = level{of: m}
}

func (f *Flattener) close() { f.depth-- }

// begin begins a member whose value is what the buffer has from a place on, until end.
// It tells whether that is wanted.
func (f *Flattener) begin(key string, from int) bool {
	f.at, f.from = f.find(key), from
	return !f.at.skip
}

func (f *Flattener) end(b []byte) {
	if !f.at.skip && len(b) > f.from {
		f.out = append(f.out, Field{f.at.name, unsafe.String(&b[f.from], len(b)-f.from)})
	}
}

func (f *Flattener) add(key, value string) {
	if m := f.find(key); !m.skip && value != "" {
		f.out = append(f.out, Field{m.name, value})
	}
}

// text adds bytes as a string, a view of them as a rule; b has room for what is none of
// UTF-8. It tells whether the string says all.
func (f *Flattener) text(key string, s []byte, b *[]byte) (whole bool) {
	if utf8.Valid(s) {
		f.add(key, unsafe.String(unsafe.SliceData(s), len(s)))
		return true
	}
	if f.begin(key, len(*b)) {
		*b = appendValid(*b, s)
		f.end(*b)
	}
	return false
}

// appendValid appends s with U+FFFD for each byte that is no UTF-8.
func appendValid(dst, s []byte) []byte {
	if utf8.Valid(s) {
		return append(dst, s...)
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		dst = utf8.AppendRune(dst, r)
		s = s[n:]
	}
	return dst
}

// metadata adds what the constant of that name has.
func (f *Flattener) metadata() {
	f.open("metadata")
	f.add("version", OCSFVersion)
	f.open("product")
	f.add("name", "Vigil")
	f.add("vendor_name", "Vigil")
	f.close()
	f.add("profiles", profiles)
	f.close()
}
