package rule

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"unicode"
)

func simpleFold(r rune) rune { return unicode.SimpleFold(r) }

// build makes a row for each state that can be reached.
func (b *dfaBuilder) build() bool {
	b.number(nil, -1)
	for i := 0; i < len(b.states); i++ {
		for _, r := range b.samples {
			b.dfa.rows = append(b.dfa.rows, b.next(i, r))
		}
		b.dfa.rows = append(b.dfa.rows, b.next(i, -1))
		if len(b.states) > maxStates {
			return false
		}
	}
	return true
}

// number gives the state with these instructions its number.
func (b *dfaBuilder) number(at []uint32, before rune) uint16 {
	key := []byte{byte(0)}
	switch {
	case before == '\n':
		key[0] = 1
	case syntax.IsWordChar(before):
		key[0] = 2
	case before == -1:
		key[0] = 3
	}
	for _, pc := range at {
		key = binary.LittleEndian.AppendUint32(key, pc)
	}
	n, ok := b.numbers[string(key)]
	if !ok {
		n = uint16(len(b.states))
		b.numbers[string(key)] = n
		b.states = append(b.states, dfaState{at, before})
	}
	return n
}

// next gives the state after a character; r is -1 at the end. A match may begin
// anywhere, so the program's start is among the instructions each time.
func (b *dfaBuilder) next(state int, r rune) uint16 {
	s := b.states[state]
	context := syntax.EmptyOpContext(s.before, r)
	b.closure++
	var reached []uint32
	for _, pc := range append(slices.Clip(s.at), uint32(b.prog.Start)) {
		if b.follow(pc, context, &reached) {
			return dfaMatch
		}
	}
	if r == -1 {
		return 0
	}
	var after []uint32
	for _, pc := range reached {
		if in := &b.prog.Inst[pc]; takes(in, r) {
			after = append(after, in.Out)
		}
	}
	slices.Sort(after)
	return b.number(slices.Compact(after), r)
}

// follow gathers the instructions that read a character and can be reached without
// reading one, and tells whether a match can.
func (b *dfaBuilder) follow(pc uint32, context syntax.EmptyOp, reached *[]uint32) bool {
	for {
		if b.mark[pc] == b.closure {
			return false
		}
		b.mark[pc] = b.closure
		in := &b.prog.Inst[pc]
		switch in.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstFail:
			return false
		case syntax.InstAlt, syntax.InstAltMatch:
			if b.follow(in.Out, context, reached) {
				return true
			}
			pc = in.Arg
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^context != 0 {
				return false
			}
			pc = in.Out
		case syntax.InstCapture, syntax.InstNop:
			pc = in.Out
		default:
			*reached = append(*reached, pc)
			return false
		}
	}
}
