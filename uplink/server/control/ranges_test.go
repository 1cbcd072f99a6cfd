package control

import (
	"math"
	"testing"
)

func TestRanges(t *testing.T) {
	var r Ranges
	for _, step := range []struct {
		add  Range
		want string
	}{
		{Range{5, 5}, "5"},
		{Range{7, 7}, "5,7"},
		{Range{6, 6}, "5-7"},
		{Range{1, 2}, "1-2,5-7"},
		{Range{2, 6}, "1-7"},
		{Range{9, 9}, "1-7,9"},
		{Range{math.MaxUint64, math.MaxUint64}, "1-7,9,18446744073709551615"},
		{Range{0, 0}, "0-7,9,18446744073709551615"},
		{Range{8, math.MaxUint64}, "0-18446744073709551615"},
		{Range{3, 3}, "0-18446744073709551615"},
	} {
		if r = r.Add(step.add); r.String() != step.want {
			t.Fatalf("after adding %v: %s, want %s", step.add, r, step.want)
		}
	}
}

func TestRangesBridge(t *testing.T) {
	own, gone := Ranges{{1, 3}, {7, 9}}, Ranges{{4, 6}, {20, 30}}
	set, left := own.Bridge(gone)
	if set.String() != "1-9" || left.String() != "20-30" {
		t.Errorf("bridged to %s, left %s", set, left)
	}
	if set, _ := (Ranges{{math.MaxUint64 - 1, math.MaxUint64 - 1}}).Bridge(Ranges{{math.MaxUint64, math.MaxUint64}}); len(set) != 1 {
		t.Errorf("the last number is not bridged: %s", set)
	}
}

// A set made by adding is what a plain set says, and is read back as it was written.
func FuzzRanges(f *testing.F) {
	f.Add([]byte{1, 2, 5, 1, 9, 3})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var r Ranges
		steps = steps[:min(len(steps), 400)]
		plain := [300]bool{}
		for ; len(steps) >= 2; steps = steps[2:] {
			first, n := uint64(steps[0]), uint64(steps[1]%16)
			r = r.Add(Range{first, first + n})
			for i := first; i <= first+n; i++ {
				plain[i] = true
			}
		}
		for i, want := range plain {
			if r.Has(uint64(i)) != want {
				t.Fatalf("%s: has %d: %v, want %v", r, i, !want, want)
			}
		}
		back, err := ParseRanges(r.String())
		if err != nil || back.String() != r.String() {
			t.Fatalf("%s is read as %s: %v", r, back, err)
		}
	})
}

func FuzzParseRanges(f *testing.F) {
	f.Add("1-5,9")
	f.Add("9,1")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRanges(s)
		if err != nil {
			return
		}
		again, err := ParseRanges(r.String())
		if err != nil || again.String() != r.String() {
			t.Fatalf("%q is read as %s, that as %s: %v", s, r, again, err)
		}
	})
}

func FuzzFinding(f *testing.F) {
	f.Add([]byte(`{"metadata":{"uid":"a1"},"finding_info":{"analytic":{"uid":"vigil-x"},"title":"x"},"status_id":3,"status_detail":"ours"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if a, err := ParseFinding("s", line); err == nil && (a.ID == "s." || a.Rule == "" || a.Status == "") {
			t.Fatalf("half an alert: %+v", a)
		}
	})
}
