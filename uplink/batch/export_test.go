package batch

import (
	"fmt"
	"hash/crc32"
)

// Layout is a checksum of the words of all kinds: of what a version of blocks means.
func Layout() uint32 {
	var text []byte
	for _, s := range shapes() {
		text = fmt.Appendf(text, "%d %d %d %d %v\n", s.fixed, s.texts, s.lengths, s.files, s.ends)
		for _, w := range s.words {
			text = fmt.Appendf(text, " %d %x %d %v\n", w.at, w.mask, w.coding, w.swap)
		}
	}
	return crc32.ChecksumIEEE(text)
}
