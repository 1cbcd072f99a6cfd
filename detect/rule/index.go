package rule

// index finds literals in values that many are looked for in: for each hash of a gram it
// has the last place of it, and for each place the one before it. Places count on from
// event to event, so that what is of another event shows by its number.
type index struct {
	last   [8192]uint32
	before []uint32 // by place of this event
	first  uint32   // place of this event
}

func (g gram) bucket() uint32 { return g.hash() >> 19 }

// noBucket is the bucket of what has no gram: one more than there are.
const noBucket = 8192

func (x *index) begin() {
	x.first += uint32(len(x.before))
	x.before = x.before[:0]
	if x.first == 0 || x.first > 1<<31 {
		clear(x.last[:])
		x.first = 1
	}
}

// add indexes a value, and gives the place of its first byte.
func (x *index) add(v []byte) uint32 {
	from := len(x.before)
	if cap(x.before)-from < len(v) {
		x.before = append(make([]uint32, 0, 2*(from+len(v))), x.before...)
	}
	x.before = x.before[:from+len(v)]
	before, place := x.before[from:], x.first+uint32(from)
	i := 0
	for ; i+8 <= len(v) && i+5 < len(before); i += 6 {
		w := wordAt(v, i) | gramFold
		at := place + uint32(i)
		h := gram(w << 8).bucket()
		before[i], x.last[h] = x.last[h], at
		h = gram(w &^ 0xff).bucket()
		before[i+1], x.last[h] = x.last[h], at+1
		h = gram(w >> 8 &^ 0xff).bucket()
		before[i+2], x.last[h] = x.last[h], at+2
		h = gram(w >> 16 &^ 0xff).bucket()
		before[i+3], x.last[h] = x.last[h], at+3
		h = gram(w >> 24 &^ 0xff).bucket()
		before[i+4], x.last[h] = x.last[h], at+4
		h = gram(w >> 32 &^ 0xff).bucket()
		before[i+5], x.last[h] = x.last[h], at+5
	}
	for ; i+gramLength <= len(v); i++ {
		h := gramAt(v, i).bucket()
		before[i], x.last[h] = x.last[h], place+uint32(i)
	}
	return place
}

// find tells whether a literal is in one of the values that were indexed from a place on.
func (x *index) find(l *literal, values [][]byte, from uint32) bool {
	for at := x.last[l.bucket]; at >= from; at = x.before[at-x.first] {
		start := int(at-from) - int(l.offset) // in the values
		for _, v := range values {
			if start < len(v) {
				if start >= 0 && start+len(l.text) <= len(v) && hasFolded(v[start:], l.text) {
					return true
				}
				break
			}
			start -= len(v)
		}
	}
	return false
}
