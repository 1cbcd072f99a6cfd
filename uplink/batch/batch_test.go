package batch_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/uplink/batch"
)

// kinds are all that there are.
func kinds() []decode.Kind {
	var all []decode.Kind
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		all = append(all, k)
	}
	return all
}

func meta() decode.Meta {
	return decode.Meta{BootSeed: 0x1234567890abcdef, BootOffset: 1_700_000_000_000_000_000, Version: "v1", Host: "web1", Kernel: "6.12.0", Architecture: "amd64"}
}

// someone is an actor of whom all is known.
func someone() *decode.Actor {
	return &decode.Actor{
		Path: []byte("/usr/bin/bash"), Arguments: []byte("bash\x00-c\x00make all\x00"), Comm: []byte("bash"), CWD: []byte("/srv"),
		User: "deploy", PID: 1234, PPID: 1200, Start: 900_000_000_000, ExecID: 0x1122334455667788,
		BootOffset: 1_700_000_000_000_000_000, Hostname: "web1",
		Container: decode.Container{
			ID: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Name: "web", Image: "nginx:1.27",
			Runtime: "containerd", PodUID: "5d0b0d3e-0000-4000-8000-000000000000", PodName: "web-0", PodNamespace: "shop",
		},
		Parent: &decode.Actor{Path: []byte("/usr/sbin/sshd"), Arguments: []byte("sshd: deploy\x00"), Comm: []byte("sshd"), PID: 1200},
	}
}

// samples are events of every kind, by actors who have all, something and nothing.
func samples(tb testing.TB) *capture {
	tb.Helper()
	c := &capture{meta: meta()}
	short := &decode.Actor{ExecID: 7, PID: 8, Comm: []byte("x"), BootOffset: -1}
	for _, a := range []*decode.Actor{nil, someone(), short, {}, someone().Parent, someone()} {
		for _, k := range kinds() {
			r, err := decode.Decode(recordtest.Sample(k))
			if err != nil {
				tb.Fatal(err)
			}
			c.events = append(c.events, captured{r, a})
		}
	}
	return c
}

// noise is events with numbers and texts that nothing foretells.
func noise(tb testing.TB, n int) *capture {
	tb.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	c := &capture{meta: meta()}
	scratch := func(b []byte, most int) {
		for range random.IntN(most) {
			b[random.IntN(len(b))] = byte(random.Uint32())
		}
	}
	for range n {
		k := kinds()[random.IntN(len(kinds()))]
		b := recordtest.Sample(k)
		r, err := decode.Decode(b)
		if err != nil {
			tb.Fatal(err)
		}
		size, texts := len(b)-7, make([][]byte, 16) // 7: what may follow the texts
		r.Texts(texts)
		for _, text := range texts {
			if text != nil {
				size -= 2 + len(text) // and its length
			}
		}
		scratch(b[8:size], 30) // all but length, kind and flags, and the lengths of texts
		for i := range 7 {
			if text := r.Text(i); len(text) > 0 {
				scratch(text, 3)
			}
		}
		a := someone()
		switch random.IntN(8) {
		case 0:
			a = nil
		case 1:
			a.Parent = nil
		case 2:
			a.PID, a.ExecID = random.Uint32(), random.Uint64()
		case 3:
			scratch(a.Comm, 2)
		case 4:
			a.Parent.Start, a.User, a.Container.Name = random.Uint64(), "somebody", "other"
		case 5:
			a.Container = decode.Container{}
		}
		c.events = append(c.events, captured{r, a})
	}
	return c
}

func encode(c *capture) []byte {
	e := batch.NewEncoder(c.meta)
	for _, event := range c.events {
		e.Event(event.record, event.actor)
	}
	return e.Encode(nil)
}

// told is what of an actor is told: nil bytes for empty ones, one level of parents.
func told(a *decode.Actor) *decode.Actor {
	if a == nil {
		return nil
	}
	again := *a
	for _, b := range []*[]byte{&again.Path, &again.Arguments, &again.Comm, &again.CWD} {
		if len(*b) == 0 {
			*b = nil
		}
	}
	if again.Parent != nil {
		above := *again.Parent
		above.Parent = nil
		again.Parent = told(&above)
	}
	return &again
}

// same fails unless the block has the very events of the capture.
func same(t *testing.T, c *capture, b []byte) {
	t.Helper()
	block, err := batch.Decode(b, batch.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if block.Meta() != c.meta || block.Len() != len(c.events) {
		t.Fatalf("%d events of %+v", block.Len(), block.Meta())
	}
	for range 2 { // it can be read again
		i := 0
		err = block.Events(func(r decode.Record, a *decode.Actor) bool {
			want := c.events[i]
			if !bytes.Equal(r.Bytes(), want.record.Bytes()) {
				t.Fatalf("event %d is\n%x, was\n%x", i, r.Bytes(), want.record.Bytes())
			}
			if !reflect.DeepEqual(told(a), told(want.actor)) {
				t.Fatalf("event %d is by\n%+v, was by\n%+v", i, a, want.actor)
			}
			i++
			return true
		})
		if err != nil || i != len(c.events) {
			t.Fatalf("%d events of %d, %v", i, len(c.events), err)
		}
	}
}

func TestEventsComeBackAsTheyWere(t *testing.T) {
	for name, c := range map[string]*capture{"none": {meta: meta()}, "samples": samples(t), "noise": noise(t, 5000), "mixture": mixed(t, 20_000)} {
		t.Run(name, func(t *testing.T) { same(t, c, encode(c)) })
	}
}

func TestRecordingComesBackAsItWas(t *testing.T) {
	c := recording(t)
	for part := range slices.Chunk(c.events, 5000) {
		c := &capture{meta: c.meta, events: part}
		same(t, c, encode(c))
	}
}

// A block is made of what was added since the last, whatever came before it.
func TestBlocksStandAlone(t *testing.T) {
	first, second := samples(t), mixed(t, 3000)
	e := batch.NewEncoder(meta())
	for _, c := range []*capture{first, second, first, first} {
		for _, event := range c.events {
			e.Event(event.record, event.actor)
		}
		if e.Len() != len(c.events) {
			t.Fatalf("%d events wait, %d were added", e.Len(), len(c.events))
		}
		b := e.Encode([]byte("before"))
		if !bytes.Equal(b[6:], encode(c)) || string(b[:6]) != "before" {
			t.Fatal("the block depends on those before it")
		}
	}
}

// Whoever adds an event may use its memory again.
func TestEventIsCopied(t *testing.T) {
	c := samples(t)
	e := batch.NewEncoder(c.meta)
	for _, event := range c.events {
		room := aligned(event.record.Bytes())
		r, err := decode.Decode(room)
		if err != nil {
			t.Fatal(err)
		}
		a := told(event.actor)
		if a != nil {
			a.Path, a.Comm = bytes.Clone(a.Path), bytes.Clone(a.Comm)
			a.Arguments, a.CWD = bytes.Clone(a.Arguments), bytes.Clone(a.CWD)
		}
		e.Event(r, a)
		clear(room)
		if a != nil {
			clear(a.Path)
			clear(a.Comm)
			clear(a.Arguments)
			clear(a.CWD)
			*a = decode.Actor{}
		}
	}
	same(t, c, e.Encode(nil))
}

func TestAlerts(t *testing.T) {
	lines := []string{`{"a":1}`, "", `{"b":"` + string(bytes.Repeat([]byte("x"), 100_000)) + `"}`}
	c := samples(t)
	e := batch.NewEncoder(meta())
	for _, line := range lines {
		e.Alert([]byte(line))
	}
	alone := e.Encode(nil)
	for i, event := range c.events {
		e.Event(event.record, event.actor)
		if i < len(lines) {
			e.Alert([]byte(lines[i]))
		}
	}
	for _, b := range [][]byte{alone, e.Encode(nil)} {
		block, err := batch.Decode(b, batch.DefaultLimits())
		if err != nil || block.Class() != batch.Alerts {
			t.Fatalf("%v, %v", block, err)
		}
		var got []string
		if err := block.Alerts(func(line []byte) bool { got = append(got, string(line)); return true }); err != nil || !slices.Equal(got, lines) {
			t.Fatalf("%d alerts, %v", len(got), err)
		}
		n := 0
		if err := block.Events(func(decode.Record, *decode.Actor) bool { n++; return true }); err != nil || n+len(lines) != block.Len() {
			t.Fatalf("%d events of %d, %v", n, block.Len(), err)
		}
	}
}

// A caller that sends when a block is long enough needs to know about how long it is.
func TestSize(t *testing.T) {
	c := mixed(t, 40_000)
	e := batch.NewEncoder(c.meta)
	for i, event := range c.events {
		e.Event(event.record, event.actor)
		if (i+1)%4000 != 0 {
			continue
		}
		estimate := e.Size()
		if n := len(e.Encode(nil)); i >= 4000 && (estimate < n*2/3 || estimate > n*3/2) {
			t.Errorf("%d bytes were expected, it has %d", estimate, n)
		}
	}
}

func TestEncodingAllocatesNothing(t *testing.T) {
	c := mixed(t, 4000)
	e := batch.NewEncoder(c.meta)
	var room []byte
	pass := func() {
		for _, event := range c.events {
			e.Event(event.record, event.actor)
		}
		e.Alert([]byte(`{"title":"x"}`))
		room = e.Encode(room[:0])
	}
	pass()
	if n := testing.AllocsPerRun(20, pass); n != 0 {
		t.Errorf("%v allocations for %d events and their block", n, len(c.events))
	}
}

// A server reads what sensors send that are older or newer than it, as long as the
// version is the same. When this fails, what a block of the version means has changed:
// raise blockVersion. A new kind at the end changes only this number.
func TestVersionMeansTheSame(t *testing.T) {
	if got := batch.Layout(); got != 0xef7eee9a {
		t.Errorf("the words of events are laid out as %#x", got)
	}
}
