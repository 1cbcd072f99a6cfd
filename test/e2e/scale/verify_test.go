//go:build linux

package scale

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// stored is what the store has of a batch.
type stored struct {
	Vigil struct {
		Epoch    uint64 `json:",string"`
		Sequence uint64 `json:",string"`
		Kind     string
	}
	Rows    uint64 `json:",string"`
	Indexes uint64 `json:",string"` // how many different ones its rows have
	Events  uint64 `json:",string"`
	Last    string
	Sum     string
}

// identity is a batch's, of a sensor.
type identity struct{ epoch, sequence uint64 }

// drop is what a spool says of what it dropped.
type drop struct {
	Msg                 string
	Class, Reason       any
	First, Last, Events uint64
	Batches             uint64
}

// drops are those that the spool has told in its log.
func (h *host) drops() (all []drop) {
	h.t.Helper()
	text, err := os.ReadFile(h.log())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	must(h.t, err)
	for line := range bytes.Lines(text) {
		var d drop
		if json.Unmarshal(line, &d) == nil && d.Msg == "spool dropped batches" {
			all = append(all, d)
		}
	}
	return all
}

// balance is what became of what a spool took.
type balance struct {
	acknowledged, kept, dropped, reported uint64
	batches, doubles                      uint64
	begun                                 uint64 // in the store, though a kill came before the acknowledgement
}

// verify waits until the store has all, and looks at each batch.
func (c *course) verify() {
	c.t.Helper()
	var had uint64
	for end := time.Now().Add(patience); ; time.Sleep(time.Second) {
		rows, err := c.server.rows()
		if err == nil && rows != had { // it gets on: to look at each batch would only slow it
			had, end = rows, time.Now().Add(patience)
			continue
		}
		var sum balance
		var wrong []string
		if err == nil {
			sum, wrong, err = c.balance()
		}
		if err == nil && len(wrong) == 0 {
			c.t.Logf("%d events acknowledged, %d in the store in %d batches, %d of them twice; %d dropped, %d reported; %d are in the store whose acknowledgement a kill forestalled",
				sum.acknowledged, sum.kept, sum.batches, sum.doubles, sum.dropped, sum.reported, sum.begun)
			c.t.Logf("%s; %d kills of the server, %d of sensors, cut off for %s", time.Since(c.began).Round(time.Second), c.kills, c.hostKills, c.cut.Round(time.Second))
			break
		}
		if time.Now().After(end) {
			c.t.Fatalf("%+v, %v\n%s", sum, err, strings.Join(wrong[:min(40, len(wrong))], "\n"))
		}
	}
	if all := c.server.complaints("dropped batches"); len(all) > 0 {
		c.t.Errorf("the server let go of what it had acknowledged: %s", all)
	}
}

func (c *course) balance() (sum balance, wrong []string, err error) {
	told, err := c.server.sensors()
	if err != nil {
		return sum, nil, err
	}
	rows, err := c.server.rows()
	if err != nil {
		return sum, nil, err
	}
	for _, h := range c.hosts {
		v := told[h.Name]
		all, err := search[stored](c.server, fmt.Sprintf(`"vigil.sensor":=%q | stats by ("vigil.epoch", "vigil.sequence") count() rows, count_uniq("vigil.index") indexes,
			count("unmapped.bytes") events, max("unmapped.bytes") last, sum("unmapped.bytes") sum`, v.ID))
		if err != nil {
			return sum, nil, err
		}
		b, w := h.balance(all, v.Dropped)
		wrong = append(wrong, w...)
		sum.add(b)
		rows -= b.kept + b.doubles
	}
	if rows != 0 {
		wrong = append(wrong, fmt.Sprintf("%d rows are of no sensor", rows))
	}
	return sum, wrong, nil
}

func (b *balance) add(o balance) {
	b.acknowledged += o.acknowledged
	b.kept += o.kept
	b.dropped += o.dropped
	b.reported += o.reported
	b.batches += o.batches
	b.doubles += o.doubles
	b.begun += o.begun
}

// balance compares what the store has of a sensor with what its spool acknowledged.
func (h *host) balance(all []stored, reported uint64) (b balance, wrong []string) {
	h.t.Helper()
	fail := func(format string, args ...any) { wrong = append(wrong, h.Name+": "+fmt.Sprintf(format, args...)) }
	taken, begun := map[identity]Held{}, []Held{}
	var before note
	for _, n := range h.notes() {
		switch {
		case n.What == "acknowledged":
			taken[identity{n.Epoch, n.Sequence}] = n.Held
			b.acknowledged += n.Rows
		case before.What == "begun": // a kill came in between: it may be in the spool
			begun = append(begun, before.Held)
		}
		before = n
	}
	b.reported = reported
	there := map[identity]bool{}
	for _, v := range all {
		id := identity{v.Vigil.Epoch, v.Vigil.Sequence}
		b.batches++
		b.kept += v.Indexes
		b.doubles += v.Rows - v.Indexes
		if v.Rows != v.Indexes {
			fail("batch %d has %d rows of %d events", id.sequence, v.Rows, v.Indexes)
		}
		want, known := taken[id]
		there[id] = known
		if known && !v.is(want) {
			fail("batch %d is %+v in the store, was %+v", id.sequence, v, want)
		}
		if !known {
			i := match(begun, v)
			if i < 0 {
				fail("batch %d of the store was never given to the spool: %+v", id.sequence, v)
				continue
			}
			begun = append(begun[:i], begun[i+1:]...)
			b.begun += v.Rows
		}
	}
	for id, held := range taken {
		if !there[id] {
			b.dropped += held.Rows
		}
	}
	// What was begun and dropped counts too.
	for set := range 1 << len(begun) {
		n := b.dropped
		for i, held := range begun {
			if set>>i&1 == 1 {
				n += held.Rows
			}
		}
		if n == reported {
			b.dropped = n
		}
	}
	if b.dropped != reported {
		fail("%d events of %d are missing, %d are told as dropped", b.dropped, b.acknowledged, reported)
	}
	said := uint64(0)
	for _, d := range h.drops() {
		said += d.Events
		if d.First == d.Last { // on its way when it was dropped: it came after all
			for id, held := range taken {
				if id.sequence == d.First && there[id] {
					said -= held.Rows
				}
			}
		}
	}
	if said != reported {
		fail("the spool says that it dropped %d events, %d are told", said, reported)
	}
	return b, wrong
}

// is tells whether the store has just what was given to the spool: as the numbers of a
// batch follow each other, number, highest and sum are those of no other.
func (v *stored) is(h Held) bool {
	if v.Rows != h.Rows || v.Indexes != h.Rows || v.Events != h.Events {
		return false
	}
	return h.Events == 0 || v.Last == fmt.Sprint(h.Last) && v.Sum == fmt.Sprint(h.Sum)
}

func match(all []Held, v stored) int {
	for i := range all {
		if v.is(all[i]) {
			return i
		}
	}
	return -1
}
