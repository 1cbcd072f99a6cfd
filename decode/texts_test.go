package decode_test

import (
	"bytes"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// All at once, strings are what they are one by one, and no more than are asked for.
func TestTexts(t *testing.T) {
	for kind := decode.KindNone + 1; kind < decode.KindCount; kind++ {
		r, err := decode.Decode(recordtest.Sample(kind))
		if err != nil {
			t.Fatal(err)
		}
		for room := range 9 {
			all := make([][]byte, room)
			r.Texts(all)
			for i, text := range all {
				if !bytes.Equal(text, r.Text(i)) {
					t.Errorf("%s: string %d of %d is %q, want %q", kind, i, room, text, r.Text(i))
				}
			}
		}
	}
}
