package detect

import "vigil/decode"

// Who tells who did what a record tells.
type Who interface {
	// Actor is who did it; nil when nobody can say. To find it out costs: it is asked of few.
	Actor() *decode.Actor
	// Like is the same for two records only if the images of who did it, and of the parents,
	// have the same paths, and user and container the same names; 0 when that is not known.
	// For an exec it is about the new image. It costs little.
	Like() uint64
}

// Like is the same for two records only if they are of one kind and alike in what Who.Like
// is about and, for an exec, in users, groups, flags and standard streams. It is 0 when
// that is not known. What is looked up by it needs to be found out once for all that are alike.
func Like(r decode.Record, who Who) uint64 {
	if who == nil {
		return 0
	}
	h := who.Like()
	if h == 0 {
		return 0
	}
	h = mix(h + uint64(r.Kind()) + uint64(r.UID)<<32)
	if x := r.Exec(); x != nil {
		h = mix(h + uint64(x.EUID) + uint64(x.GID)<<32)
		h = mix(h + uint64(x.LoginUID) + uint64(x.Flags)<<32)
		h = mix(h + uint64(x.Stdio[0]) + uint64(x.Stdio[1])<<8 + uint64(x.Stdio[2])<<16 + uint64(r.Flags)<<24)
	}
	return max(h, 1)
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood: OOPSLA 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
