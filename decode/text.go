package decode

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// Style says how lines for a terminal look.
type Style struct {
	Colour bool           // with SGR sequences (ECMA-48, 8.3.117)
	Zone   *time.Location // nil: the machine's own
}

// Widths of the columns. Kinds have up to 13 letters, the kernel's PIDs up to 7
// digits (PID_MAX_LIMIT), thread names 15 bytes (TASK_COMM_LEN).
const (
	kindWidth = 13
	pidWidth  = 7
	nameWidth = 15
)

// SGR parameters.
const (
	sgrBold    = "1"
	sgrDim     = "2"
	sgrRed     = "31"
	sgrGreen   = "32"
	sgrYellow  = "33"
	sgrBlue    = "34"
	sgrMagenta = "35"
	sgrCyan    = "36"
)

// AppendText appends the record as one line for a terminal, without a newline:
// time, kind, PID, process, container, what happened, and flags in capitals. It
// allocates nothing when dst has room. The actor may be nil. Nothing in a record
// reaches the terminal as a control: see Printable.
func AppendText(dst []byte, r Record, a *Actor, s Style) []byte {
	if a == nil {
		a = &Actor{}
	}
	l := line{b: dst, colour: s.Colour, zone: s.Zone, boot: a.BootOffset}
	if l.zone == nil {
		l.zone = time.Local
	}
	l.begin(sgrDim)
	l.clock(r.Time)
	l.end()
	l.pad(2)
	kind := r.Kind().String()
	l.begin(topicColour(r.Kind()))
	l.b = append(l.b, kind...)
	l.end()
	l.pad(kindWidth - len(kind) + 1)
	l.who(r, a)
	l.essence(r)
	l.flags(r)
	return l.b
}

func topicColour(k Kind) string {
	switch {
	case k == KindLost:
		return sgrRed
	case processKind(k):
		return sgrGreen
	case fileKind(k) && k != KindMemfd:
		return sgrBlue
	case memoryKind(k) || k == KindMemfd:
		return sgrMagenta
	case networkKind(k):
		return sgrCyan
	}
	return sgrYellow
}

// line writes words with a space between them.
type line struct {
	b      []byte
	colour bool
	zone   *time.Location
	boot   int64 // ns since 1970
}

// clock writes a time since boot as a time of day.
func (l *line) clock(boot uint64) {
	l.b = time.Unix(0, int64(boot)+l.boot).In(l.zone).AppendFormat(l.b, "15:04:05.000")
}

func (l *line) begin(sgr string) {
	if l.colour {
		l.b = append(append(append(l.b, "\x1b["...), sgr...), 'm')
	}
}

func (l *line) end() {
	if l.colour {
		l.b = append(l.b, "\x1b[0m"...)
	}
}

func (l *line) pad(n int) {
	for ; n > 0; n-- {
		l.b = append(l.b, ' ')
	}
}

// who writes the process, and the container that it is in.
func (l *line) who(r Record, a *Actor) {
	var digits [10]byte
	pid := strconv.AppendUint(digits[:0], uint64(r.PID), 10)
	l.pad(pidWidth - len(pid))
	l.b = append(append(l.b, pid...), ' ')
	name := a.Comm
	if e := r.Exec(); e != nil {
		name = r.Text(ExecCommText)
	}
	l.begin(sgrBold)
	from := len(l.b)
	l.b = appendPrintable(l.b, name)
	width := utf8.RuneCount(l.b[from:])
	l.end()
	l.pad(nameWidth - width)
	if c := &a.Container; c.ID != "" {
		label := c.Name
		if label == "" {
			label = c.ID[:min(len(c.ID), 12)] // as Docker shortens it
		}
		l.b = append(l.b, ' ', '[')
		l.begin(sgrCyan)
		l.b = appendPrintable(l.b, stringBytes(label))
		l.end()
		l.b = append(l.b, ']')
	}
}

// word writes a word of ours.
func (l *line) word(s string) { l.b = append(append(l.b, ' '), s...) }

// text writes a word of the record's; empty is shown as such.
func (l *line) text(s []byte) {
	if len(s) == 0 {
		l.word("''")
		return
	}
	l.b = appendPrintable(append(l.b, ' '), s)
}

func (l *line) arrow() { l.word("→") }

func (l *line) number(v uint64) { l.b = strconv.AppendUint(append(l.b, ' '), v, 10) }

func (l *line) octal(v uint32) { l.b = strconv.AppendUint(append(l.b, ' ', '0'), uint64(v), 8) }

func (l *line) value(v uint64, names []string) { l.b = appendValue(append(l.b, ' '), v, names) }

func (l *line) pid(v uint32) {
	l.word("pid")
	l.number(uint64(v))
}

// size writes bytes in the largest unit that leaves a digit before the point.
func (l *line) size(v uint64) {
	l.b = append(l.b, ' ')
	if v < 1024 {
		l.b = append(strconv.AppendUint(l.b, v, 10), 'B')
		return
	}
	unit, tenths := 0, v
	for tenths >= 1024*1024 {
		tenths, unit = tenths/1024, unit+1
	}
	tenths = tenths * 10 / 1024
	l.b = append(strconv.AppendUint(l.b, tenths/10, 10), '.', '0'+byte(tenths%10))
	l.b = append(l.b, "KMGTPE"[unit], 'i', 'B')
}

// duration writes ns in the unit that fits.
func (l *line) duration(ns uint64) {
	l.b = append(l.b, ' ')
	switch {
	case ns < 1e6:
		l.b = append(strconv.AppendUint(l.b, ns/1e3, 10), "µs"...)
	case ns < 1e9:
		l.b = append(strconv.AppendUint(l.b, ns/1e6, 10), "ms"...)
	default:
		l.b = append(strconv.AppendUint(l.b, ns/1e9, 10), '.', '0'+byte(ns/1e8%10), 's')
	}
}

// named leaves of bits those that have a name. The others of O_* differ between
// architectures, and O_LARGEFILE is nearly always among them.
func named(bits uint64, names []string) uint64 {
	var known uint64
	for i, n := range names {
		if n != "" {
			known |= 1 << i
		}
	}
	return bits & known
}

// words writes the names of the bits that are set, parted by commas.
func (l *line) words(bits uint64, names []string) {
	if bits == 0 {
		return
	}
	separator := byte(' ')
	for i, n := range names {
		if bits>>i&1 != 0 && n != "" {
			l.b = append(append(l.b, separator), n...)
			bits, separator = bits&^(1<<i), ','
		}
	}
	if bits != 0 {
		l.b = strconv.AppendUint(append(l.b, separator, '0', 'x'), bits, 16)
	}
}
