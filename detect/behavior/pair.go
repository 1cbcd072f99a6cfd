package behavior

// pair is when each of two things happened that mean something side by side; 0: not yet.
type pair struct{ one, other uint64 }

// met notes one of the two, or the other, and tells whether both have happened within
// the window, ns. The pair begins anew then.
func (p *pair) met(one bool, now, window uint64) bool {
	if one {
		p.one = now
	} else {
		p.other = now
	}
	if p.one == 0 || p.other == 0 || max(p.one, p.other)-min(p.one, p.other) > window {
		return false
	}
	*p = pair{}
	return true
}
