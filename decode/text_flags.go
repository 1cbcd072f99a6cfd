package decode

import "strconv"

// eventCapitals are the header's flags as AppendText shows them; FAILED is shown
// with its error, and both ways of being cut as one. Never changed.
var eventCapitals = [...]string{
	0: "CUT", 1: "DETACHED", 2: "RAW", 3: "UNREADABLE", 4: "NO-ID", 5: "ATTEMPT", 6: "IO_URING", 7: "DELETED", 8: "MEMFD",
	9: "SHM", 11: "COMPAT",
}

var execCapitals = [...]string{0: "CUT", 1: "SCRIPT", 2: "SECURE", 3: "CHROOT", 4: "CWD-DETACHED", 6: "BY-DESCRIPTOR"}

var memoryCapitals = [...]string{"ANONYMOUS", "SHARED", "W+X", "W→X", "STACK", "HEAP"}

// flags writes what is out of the ordinary, and how many records this one stands for.
func (l *line) flags(r Record) {
	bits := r.Flags
	if bits&EventCut != 0 {
		bits |= EventPathCut
	}
	if e := r.Exec(); e != nil {
		flags := e.Flags
		if bits&EventPathCut != 0 {
			flags &^= ExecArgumentsCut
		}
		l.capitals(uint64(flags), execCapitals[:])
	}
	if e := r.Memory(); e != nil {
		l.capitals(uint64(e.MemoryFlags), memoryCapitals[:])
	}
	l.capitals(uint64(bits), eventCapitals[:])
	if e := errorNumber(resultOf(r)); e != 0 || r.Is(EventFailed) {
		l.b = append(l.b, ' ')
		l.begin(sgrRed)
		l.b = append(l.b, "FAILED"...)
		if e != 0 {
			l.b = appendValue(append(l.b, ':'), uint64(e), errnos[:])
		}
		l.end()
	}
	if r.Count > 1 {
		l.b = append(l.b, ' ')
		l.begin(sgrBold)
		l.b = strconv.AppendUint(append(l.b, 'x'), uint64(r.Count), 10)
		l.end()
	}
}

func (l *line) capitals(bits uint64, names []string) {
	for i, n := range names {
		if bits>>i&1 != 0 && n != "" {
			l.capital(n)
		}
	}
}

func (l *line) capital(s string) {
	l.b = append(l.b, ' ')
	l.begin(sgrYellow)
	l.b = append(l.b, s...)
	l.end()
}
