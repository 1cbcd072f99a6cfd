package batch

import (
	"fmt"
	"hash/crc32"
)

// Layout is a checksum of the fields of all kinds: of what a version of blocks means.
func Layout() uint32 {
	var text []byte
	for _, s := range shapes() {
		text = fmt.Appendf(text, "%d %d %d %d %v\n", s.fixed, s.texts, s.lengths, s.files, s.ends)
		for _, f := range s.fields {
			text = fmt.Appendf(text, " %d %d %v %d\n", f.offset, f.width, f.swap, f.coding)
		}
	}
	return crc32.ChecksumIEEE(text)
}
