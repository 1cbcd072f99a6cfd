package export

import (
	"fmt"
	"time"
)

// batch is what one attempt is to deliver. A destination marks what it knows of each
// item; what is left unmarked is sent again.
type batch struct {
	items   []Item
	fate    []fate
	unnamed int    // of those delivered, how many were not, and which ones nobody says
	said    string // the last that the destination said, if it says anything
}

type fate struct {
	done bool
	lost Reason // "": delivered
}

func newBatch(items []Item) *batch { return &batch{items: items, fate: make([]fate, len(items))} }

// deliver marks items from one place up to another.
func (b *batch) deliver(from, to int) {
	for i := from; i < to; i++ {
		b.fate[i] = fate{done: true}
	}
}

func (b *batch) refuse(i int, why Reason) { b.fate[i] = fate{done: true, lost: why} }

// left gives the items that are not marked.
func (b *batch) left() []Item {
	var left []Item
	for i, f := range b.fate {
		if !f.done {
			left = append(left, b.items[i])
		}
	}
	return left
}

// later is an error of a destination that says when to come back.
type later struct {
	wish time.Duration
	err  error
}

func (l *later) Error() string { return l.err.Error() }
func (l *later) Unwrap() error { return l.err }

// refusedAs names what a destination refuses: a status or error name, and not what else
// it says, so that reasons stay few.
func refusedAs(what any) Reason { return Reason(fmt.Sprintf("refused: %v", what)) }
