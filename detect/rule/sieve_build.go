package rule

import "math/bits"

// rareGrams tells how rare a gram is: in how many literals it is.
type rareGrams map[gram]int

func (r rareGrams) add(text string) {
	for i := 0; i+gramLength <= len(text); i++ {
		r[gramAt([]byte(text), i)]++
	}
}

// best gives the rarest gram of a text at every step-th place from the first.
func (r rareGrams) best(text string, first, step int) (g gram, at int) {
	at = -1
	for i := first; i+gramLength <= len(text); i += step {
		if next := gramAt([]byte(text), i); at < 0 || r[next] < r[g] {
			g, at = next, i
		}
	}
	return g, at
}

// sieveBuilder makes a sieve.
type sieveBuilder struct {
	rare   rareGrams
	places map[gram][]gramPlace
	order  []gram
	bytes  []byteLiteral
}

func newSieveBuilder(rare rareGrams) *sieveBuilder {
	return &sieveBuilder{rare: rare, places: map[gram][]gramPlace{}}
}

func (b *sieveBuilder) add(text string, literal uint32) {
	switch len(text) {
	case 1:
		b.bytes = append(b.bytes, byteLiteral{text[0], upper(text[0]), literal})
	case 2: // with any byte behind it, or before it
		b.addAny(text+" ", 2, gramPlace{literal: literal})
		b.addAny(" "+text, 0, gramPlace{literal: literal, offset: -1})
	case 3:
		b.put(gramAt([]byte(text), 0), gramPlace{literal: literal})
		b.addAny(text[1:]+" ", 2, gramPlace{literal: literal, offset: 1})
	default:
		for first := range 2 {
			g, at := b.rare.best(text, first, 2)
			b.put(g, placed(text, literal, at))
		}
	}
}

// placed tells of a gram's place in a literal of at least four bytes. The other bytes are
// those behind the gram, or before it, or as far from it as can be.
func placed(text string, literal uint32, at int) gramPlace {
	from := at + gramLength
	if from+4 > len(text) {
		from = max(0, at-4)
	}
	if from == 0 {
		from = max(0, min(at+gramLength, len(text)-4))
	}
	more := uint32(wordAt([]byte(text), from) | gramFold)
	return gramPlace{literal, int32(at), more, int32(from - at)}
}

// addAny adds the grams that have any byte at a place.
func (b *sieveBuilder) addAny(text string, at int, p gramPlace) {
	bytes := []byte(text)
	for c := range 256 {
		if bytes[at] = byte(c); c&0x20 != 0 {
			b.put(gramAt(bytes, 0), p)
		}
	}
}

func (b *sieveBuilder) put(g gram, p gramPlace) {
	if b.places[g] == nil {
		b.order = append(b.order, g)
	}
	b.places[g] = append(b.places[g], p)
}

// build gives nil when there is nothing to find.
func (b *sieveBuilder) build() *sieve {
	if len(b.order)+len(b.bytes) == 0 {
		return nil
	}
	n := bits.Len(uint(2 * len(b.order)))
	f := &sieve{shift: uint8(32 - n), slots: make([]gramSlot, 1<<n), bytes: b.bytes}
	for _, g := range b.order {
		h := g.hash()
		f.bits[h>>20] |= 1 << (h >> 15 & 31)
		k := int(h >> f.shift)
		for f.slots[k].gram != 0 {
			k = (k + 1) & (len(f.slots) - 1)
		}
		from := uint32(len(f.places))
		f.places = append(f.places, b.places[g]...)
		f.slots[k] = gramSlot{g, from, uint32(len(f.places))}
	}
	return f
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// isWide tells whether a text is more than ASCII.
func isWide(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return true
		}
	}
	return false
}
