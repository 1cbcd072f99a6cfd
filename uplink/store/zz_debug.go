package store

import "fmt"

func (e *Embedded) Debug() {
	for c, x := range e.engines {
		s := x.stats()
		fmt.Println("ENGINE", Class(c), "inmem merges", s.InmemoryMergesCount, "rows", s.InmemoryRowsMerged, "small merges", s.SmallMergesCount, "rows", s.SmallRowsMerged, "big", s.BigMergesCount, "parts", s.SmallParts, s.BigParts, s.InmemoryParts, "blocks", s.SmallPartBlocks, "rows", s.RowsCount(), "size", s.CompressedSmallPartSize)
	}
}
