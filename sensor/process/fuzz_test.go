package process

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"vigil/decode"
)

// FuzzApply applies records of few IDs, PIDs and times in any order.
func FuzzApply(f *testing.F) {
	f.Add([]byte("\x01\x02\x03\x04\x05\x06\x07\x08"), false)
	f.Add([]byte("\x00\x11\x21\x31\x41\x51\x61\x71\x01\x12\x22\x32\x42\x52\x62\x72\x02\x13\x23\x33\x43\x53\x63\x73"), true)
	f.Fuzz(func(t *testing.T, script []byte, seeded bool) {
		s := Settings{MaxLive: 16, MaxDead: 16, TextBytes: 4 << 10, Grace: 20}
		if seeded {
			s.BootSeed = testSeed
		}
		tab := New(s)
		now := uint64(1000)
		for len(script) >= 8 {
			now = fuzzStep(tab, script[:8], now)
			script = script[8:]
			check(t, tab)
		}
		Tree(tab.Snapshot())
		for tab.Expire(now+1000) > 0 {
			check(t, tab)
		}
	})
}

// fuzzID gives few IDs, some of them as the kernel makes them.
func fuzzID(b byte, now uint64) uint64 {
	if b < 0x80 {
		return uint64(b & 0x1f)
	}
	return execID(testSeed, uint32(b&7), now-uint64(b>>3&7))
}

func fuzzStep(tab *Table, b []byte, now uint64) uint64 {
	now += uint64(b[0] >> 5)
	h := decode.Header{
		Time: now - uint64(b[1]>>6), ExecID: fuzzID(b[2], now), ParentExecID: fuzzID(b[3], now),
		PID: uint32(b[1] & 7), TID: uint32(b[1] >> 3 & 7), UID: uint32(b[4]),
	}
	if b[4]&1 != 0 {
		h.TID = h.PID
	}
	if b[4]&6 == 6 {
		h.Flags = decode.EventNoIdentity
	}
	e := decode.Exec{
		PreviousExecID: fuzzID(b[5], now), Start: now - uint64(b[6]&15), PPID: uint32(b[6] >> 5), Inode: uint64(b[7] & 3),
	}
	text := make([]byte, int(b[7])*8)
	w := words{path: "/bin/fuzz", arguments: string(text), filename: "fuzz", comm: "fuzz"}
	var r decode.Record
	switch b[0] & 31 {
	case 0, 1, 2, 3, 4, 5, 6, 7:
		r = forkOf(h, fuzzID(b[5], now), uint32(b[6]&7))
	case 8, 9, 10, 11, 12, 13:
		r = execOf(h, e, w)
	case 14, 15, 16, 17:
		r = exitOf(h, decode.Exit{Start: e.Start * uint64(b[7]&1)})
	case 18:
		r = renameOf(h, w.comm)
	case 19:
		r = credentialsOf(h, decode.IDs{UID: uint32(b[7])})
	case 20, 21:
		r = seedOf(h, e, w)
	case 22:
		r = build(decode.KindNamespace, h, decode.Namespace{PIDNS: uint32(b[7])})
	case 23:
		r = build(decode.KindFileOpen, h, decode.FileOpen{})
	case 24:
		tab.BeginReconcile(h.Time)
		return now
	case 25:
		tab.EndReconcile(b[7]&1 != 0)
		return now
	case 26:
		s := Seed{Header: h, Exec: e}
		s.Header.ExecID = 0
		s.Texts[decode.ExecPathText] = text
		tab.Add(&s)
		return now
	case 27:
		if p := tab.LookupPID(h.PID); p != nil {
			s := Seed{Header: h, Exec: e}
			s.Texts[decode.ExecArgumentsText] = text
			tab.Complete(p, &s)
		}
		return now
	default:
		tab.Expire(now)
		return now
	}
	if p := tab.Apply(r); p != nil {
		tab.Ancestry(p, func(q *Process) bool { return len(q.Path()) >= 0 })
		if tab.Lookup(p.ExecID) != p {
			panic("what Apply gives is not in the table")
		}
	}
	return now
}

// TestRandom goes deeper than the fuzzer's short inputs.
func TestRandom(t *testing.T) {
	rounds := uint64(60)
	if testing.Short() {
		rounds = 15
	}
	for seed := range rounds {
		random := rand.New(rand.NewPCG(seed, 2))
		tab := New(Settings{MaxLive: 16 + int(seed%3)*8, MaxDead: 16 + int(seed%5)*16, TextBytes: 4 << 10 << (seed % 4), Grace: 20, BootSeed: testSeed})
		now := uint64(1000)
		var b [8]byte
		for range 3000 {
			binary.LittleEndian.PutUint64(b[:], random.Uint64())
			now = fuzzStep(tab, b[:], now)
			check(t, tab)
		}
	}
}
