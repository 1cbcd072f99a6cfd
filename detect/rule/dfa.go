package rule

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// dfa is a regular expression as a table (subset construction over the program of
// regexp/syntax), that tells only whether there is a match. It reads characters as
// package regexp does: what is no UTF-8 is U+FFFD, a byte each.
type dfa struct {
	ascii  [128]uint8 // class by character
	ranges []rune     // where the classes of characters begin, in order
	class  []uint8    // of each range
	width  int        // of a row: the classes, and the end
	rows   []uint16   // state after state; dfaMatch when it is decided
}

const (
	dfaMatch   = 1<<16 - 1
	maxStates  = 1200
	maxClasses = 200
	maxProgram = 1500 // instructions
)

// newDFA gives nil for an expression whose table would be too large.
func newDFA(expression string) *dfa {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil || len(prog.Inst) > maxProgram {
		return nil
	}
	b := &dfaBuilder{prog: prog, dfa: &dfa{}, numbers: map[string]uint16{}, mark: make([]int, len(prog.Inst))}
	if !b.classify() || !b.build() {
		return nil
	}
	return b.dfa
}

// match tells whether the expression matches anywhere in a text.
func (d *dfa) match(text []byte) bool {
	at, row := uint16(0), d.rows
	for i := 0; i < len(text); {
		var class uint8
		if c := text[i]; c < utf8.RuneSelf {
			class = d.ascii[c]
			i++
		} else {
			r, n := utf8.DecodeRune(text[i:])
			class = d.classOf(r)
			i += n
		}
		if next := row[class]; next != at { // mostly it is not, and that can be foreseen
			if next == dfaMatch {
				return true
			}
			at, row = next, d.rows[int(next)*d.width:]
		}
	}
	return row[d.width-1] == dfaMatch
}

func (d *dfa) classOf(r rune) uint8 {
	i, found := slices.BinarySearch(d.ranges, r)
	if !found {
		i--
	}
	return d.class[i]
}

func (d *dfa) size() int { return 128 + 5*len(d.ranges) + 2*len(d.rows) }

// dfaBuilder makes a dfa.
type dfaBuilder struct {
	prog    *syntax.Prog
	dfa     *dfa
	samples []rune // one of each class
	states  []dfaState
	numbers map[string]uint16
	mark    []int // by instruction: the closure it is in
	closure int
}

// dfaState is where the program may go on from, and the character before.
type dfaState struct {
	at     []uint32
	before rune // -1 at the beginning; else one that stands for its like
}

// classify parts the characters so that those of one class are alike to every
// instruction.
func (b *dfaBuilder) classify() bool {
	cuts := []rune{0, '\n', '\n' + 1, '0', '9' + 1, 'A', 'Z' + 1, '_', '_' + 1, 'a', 'z' + 1, utf8.RuneSelf}
	for i := range b.prog.Inst {
		in := &b.prog.Inst[i]
		switch in.Op {
		case syntax.InstRune1, syntax.InstRune:
			cuts = b.cut(cuts, in)
		}
	}
	slices.Sort(cuts)
	d := b.dfa
	d.ranges = slices.Compact(cuts)
	if len(d.ranges) > 4096 {
		return false
	}
	signatures := map[string]uint8{}
	for _, r := range d.ranges {
		key := b.signature(r)
		class, ok := signatures[key]
		if !ok {
			if len(signatures) == maxClasses {
				return false
			}
			class = uint8(len(signatures))
			signatures[key] = class
			b.samples = append(b.samples, r)
		}
		d.class = append(d.class, class)
	}
	for c := range d.ascii {
		d.ascii[c] = d.classOf(rune(c))
	}
	d.width = len(b.samples) + 1
	return true
}

// cut adds the characters at which an instruction changes its mind.
func (b *dfaBuilder) cut(cuts []rune, in *syntax.Inst) []rune {
	if len(in.Rune) == 1 { // one character, and maybe its other cases
		for r := in.Rune[0]; ; {
			cuts = append(cuts, r, r+1)
			if r = simpleFold(r); r == in.Rune[0] {
				return cuts
			}
		}
	}
	for i := 0; i+1 < len(in.Rune); i += 2 {
		cuts = append(cuts, in.Rune[i], in.Rune[i+1]+1)
	}
	return cuts
}

// signature is the same for characters that all instructions take alike.
func (b *dfaBuilder) signature(r rune) string {
	key := []byte{0}
	if r == '\n' {
		key[0] |= 1
	}
	if syntax.IsWordChar(r) {
		key[0] |= 2
	}
	for i := range b.prog.Inst {
		if takes(&b.prog.Inst[i], r) {
			key = append(key, byte(i), byte(i>>8))
		}
	}
	return string(key)
}

func takes(in *syntax.Inst, r rune) bool {
	switch in.Op {
	case syntax.InstRune, syntax.InstRune1:
		return in.MatchRune(r)
	case syntax.InstRuneAny:
		return true
	case syntax.InstRuneAnyNotNL:
		return r != '\n'
	}
	return false
}
