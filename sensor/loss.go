package sensor

import (
	"unsafe"

	"vigil/decode"
)

// gaps sees in the records' own counters where records are missing: each carries
// how many its CPU had lost on its ring until then.
type gaps struct {
	last [decode.RingCount][]uint32 // by CPU
	seen uint64                     // records missing, as told by headers
	open bool                       // a gap was seen since the counters were read last
	life bool                       // on the vital ring: the process table needs the truth
}

func (g *gaps) check(h *decode.Header) {
	if int(h.Ring) >= len(g.last) {
		return
	}
	last := &g.last[h.Ring]
	for int(h.CPU) >= len(*last) {
		*last = append(*last, 0)
	}
	if missing := h.Lost - (*last)[h.CPU]; missing != 0 && missing < 1<<31 {
		(*last)[h.CPU] = h.Lost
		g.seen += uint64(missing)
		g.open = true
		g.life = g.life || h.Ring == decode.RingVital
	}
}

// lossRecord makes the record that tells of a loss, as if the kernel had.
type lossRecord struct {
	header decode.Header
	lost   decode.Lost
}

func (l *lossRecord) record(lost decode.Lost, now uint64) (decode.Record, error) {
	*l = lossRecord{
		header: decode.Header{Length: uint32(unsafe.Sizeof(*l)), Kind: uint16(decode.KindLost), Time: now, Count: 1},
		lost:   lost,
	}
	return decode.Decode(unsafe.Slice((*byte)(unsafe.Pointer(l)), unsafe.Sizeof(*l)))
}
