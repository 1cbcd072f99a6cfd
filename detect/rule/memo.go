package rule

import (
	"hash/maphash"

	"vigil/decode"
)

// parts are what the values of a field are made from.
type parts uint16

const (
	fromKind    parts = 0         // of the record
	fromStrings parts = 1 << iota // of the record
	fromFlags                     // of the record and the new image, and what its standard streams are
	fromIDs                       // of users and groups
	fromActor                     // path, arguments and directory of who acts
	fromUser
	fromParent
	fromContainer
	fromDestination // of a connection
	varies          // what is another one each time, or nobody has looked at
)

// memo remembers which rules records matched, by a hash of all that the rules about
// their kind can ask for: programs do the same again and again. The hash is seeded, so
// that nobody can make a record that is taken for another.
type memo struct {
	seed  maphash.Seed
	parts [decode.KindCount]parts // varies: not for this kind
	known [memoSize]remembered
	place map[*Rule]uint16 // in the set
	now   remembered       // of the record in hand
	emit  func(*Rule)
}

const (
	memoSize = 2048
	memoMost = 3 // rules that a record may have matched to be remembered
)

// remembered are the rules, by their place in the set, that a record with the key
// matched.
type remembered struct {
	key   uint64 // 0: none
	rules [memoMost]uint16
	n     uint16 // more than memoMost: too many
}

// newMemo makes the memo of a set. It is for the kinds that come most with what is the
// same; files are told of once, for a time, by the kernel programs.
func (s *Set) newMemo() *memo {
	m := &memo{seed: maphash.MakeSeed(), place: make(map[*Rule]uint16, len(s.rules))}
	for i, r := range s.rules {
		m.place[r] = uint16(i)
	}
	for kind := range m.parts {
		m.parts[kind] = varies
	}
	byName := map[string]parts{}
	for _, f := range recordFields() {
		byName[f.name] = f.parts
	}
	for _, kind := range []decode.Kind{decode.KindExec, decode.KindConnect, decode.KindAccept} {
		all := fromKind
		for _, p := range s.Source(LogSource{Product: "linux", Category: categoryOf(kind)}).programs {
			for _, c := range p.columns {
				if c.field == 0 { // keywords: everything
					all |= varies
				}
				all |= byName[s.fields[c.field]] // a field that records have not is always missing
			}
		}
		m.parts[kind] = all
	}
	return m
}

// MatchRecord is Match for a record, which it need not look at when it knows what one
// like it matched.
func (m *Matcher) MatchRecord(e *Record, emit func(*Rule)) {
	memo := m.memo
	key := memo.key(e)
	if key == 0 {
		m.Match(e, emit)
		return
	}
	known := &memo.known[key%memoSize]
	if known.key == key {
		for _, i := range known.rules[:known.n] {
			emit(m.set.rules[i])
		}
		return
	}
	memo.now, memo.emit = remembered{key: key}, emit
	m.Match(e, m.note)
	if memo.now.n <= memoMost {
		*known = memo.now
	}
}

// note notes that a rule was matched, and hands it on.
func (m *memo) note(r *Rule) {
	if now := &m.now; now.n < memoMost {
		now.rules[now.n] = m.place[r]
	}
	m.now.n++
	m.emit(r)
}

// key is the hash; 0 for a record that must be looked at.
func (m *memo) key(e *Record) uint64 {
	kind := e.record.Kind()
	parts := m.parts[kind]
	if parts&varies != 0 {
		return 0
	}
	x := e.record.Exec()
	h := uint64(kind)
	if x != nil && parts&fromActor != 0 {
		if len(e.record.Text(decode.ExecPathText)) == 0 || len(e.record.Text(decode.ExecArgumentsText)) == 0 || len(e.record.Text(decode.ExecCWDText)) == 0 {
			return 0 // then the actor's are taken
		}
		parts &^= fromActor
		parts |= fromStrings
	}
	if parts&fromStrings != 0 && x != nil {
		h = m.add(h, e.record.Strings())
	}
	if parts&fromActor != 0 {
		h = m.add(m.add(m.add(h, e.actor.Path), e.actor.Arguments), e.actor.CWD)
	}
	if parts&fromParent != 0 && e.actor.Parent != nil {
		h = m.add(m.add(h, e.actor.Parent.Path), e.actor.Parent.Arguments)
	}
	if parts&fromUser != 0 {
		h = mix(m.addString(h, e.actor.User) + uint64(e.record.UID))
	}
	if c := &e.actor.Container; parts&fromContainer != 0 && (c.ID != "" || c.Image != "") {
		h = m.addString(m.addString(h, e.actor.Container.ID), e.actor.Container.Image)
	}
	if parts&fromDestination != 0 {
		h = m.addDestination(h, e)
	}
	if x != nil && parts&(fromFlags|fromIDs) != 0 {
		h = mix(h + uint64(e.record.Flags)<<32 + uint64(x.Flags))
		h = mix(h + uint64(x.Stdio[0]) + uint64(x.Stdio[1])<<8 + uint64(x.Stdio[2])<<16 + uint64(x.LoginUID)<<32)
		h = mix(h + uint64(e.record.UID) + uint64(x.EUID)<<32)
		h = mix(h + uint64(x.GID))
	} else {
		h = mix(h + uint64(e.record.UID))
	}
	return max(h, 1)
}

func (m *memo) addDestination(h uint64, e *Record) uint64 {
	ends := e.ends()
	if ends == nil {
		return h
	}
	h = mix(h + uint64(ends.Family) + uint64(ends.Protocol)<<16)
	address, port, ok := e.end(true)
	if !ok {
		return h
	}
	b := address.As16()
	h = mix(m.add(h, b[:]) + uint64(port))
	if e.Hostname != nil {
		h = m.add(h, e.Hostname(address))
	}
	return h
}

func (m *memo) add(h uint64, b []byte) uint64 { return mix(h) ^ maphash.Bytes(m.seed, b) }

func (m *memo) addString(h uint64, s string) uint64 { return mix(h) ^ maphash.String(m.seed, s) }

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood: OOPSLA 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
