package store

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"

	"vigil/decode"
	"vigil/uplink/store/flat"
)

// shaper makes of a row what the store keeps of it: the same for every store.
type shaper struct {
	records *decode.Flattener
	flat    *flat.Flattener
	order   sorter
	digits  []byte
	now     int64
	since   Retention // how far back each class is kept
	ahead   time.Duration
}

func newShaper(keep Retention, ahead time.Duration) *shaper {
	return &shaper{records: decode.NewFlattener(redundant), flat: flat.New(rule), order: sorter{texts: textFields()}, since: keep, ahead: ahead}
}

// begin is for rows that are not those of before.
func (s *shaper) begin() {
	s.now = time.Now().UnixNano()
	s.records.Forget()
}

// longRecord is how many bytes of a record and its actor may become a row that is too long.
const longRecord = mostBytes / 32

// shape gives a row's time and fields, which are valid until the next call and as long
// as the row.
func (s *shaper) shape(r *Row) (int64, []Field, error) {
	if r.Sensor == "" || r.Kind == "" || len(r.Sensor) > mostName || len(r.Kind) > mostName {
		return 0, nil, fmt.Errorf("a row of sensor %q and kind %q: each needs 1 to %d bytes", r.Sensor, r.Kind, mostName)
	}
	at, off := s.clock(r)
	s.head(r, at, off)
	if r.Record.Header == nil {
		s.object(r)
	} else {
		head := len(s.flat.Fields)
		s.flat.Fields = s.records.Append(s.flat.Fields, r.Record, r.Actor)
		if weight(r.Record, r.Actor) > longRecord {
			s.say()
			s.flat.Fields = shorten(s.flat.Fields, head)
		}
	}
	return at, s.order.sort(s.flat.Fields), nil
}

// weight is how many bytes of text a record and its actor have, and a little more.
func weight(r decode.Record, a *decode.Actor) int {
	n := int(r.Length)
	for range 2 {
		if a != nil {
			n += len(a.Path) + len(a.Arguments) + len(a.CWD)
			a = a.Parent
		}
	}
	return n
}

// object adds the fields of a row's JSON.
func (s *shaper) object(r *Row) {
	json := r.JSON
	if !utf8.Valid(json) {
		json = bytes.ToValidUTF8(json, []byte("\uFFFD"))
	}
	head := len(s.flat.Fields)
	if err := s.flat.Object(json); err != nil {
		f := append(s.flat.Fields[:head], field(FieldFault, "not taken apart: "+strings.ToValidUTF8(err.Error(), "\uFFFD")))
		if len(json) > 0 {
			f = append(f, field(FieldRaw, text(json)))
		}
		s.flat.Fields = shorten(f, head)
		return
	}
	s.say()
	if len(json) > mostBytes/6 { // an escape makes six bytes of one, and names take some
		s.flat.Fields = shorten(s.flat.Fields, head)
	}
	if r.Kind == KindAlert && encoded(s.flat.Fields)+encodedText(text(json)) < mostBytes {
		s.flat.Fields = append(s.flat.Fields, field(FieldAlert, text(json)))
	}
}

// say adds the row's words; else sort does.
func (s *shaper) say() {
	if words := s.order.words(s.flat.Fields); words != "" {
		s.flat.Fields = append(s.flat.Fields, field(FieldText, words))
	}
}

// clock gives when a row goes into the store: now for what it would not keep, whose own
// time is then said beside it.
func (s *shaper) clock(r *Row) (at int64, off bool) {
	first, last := s.now-int64(s.since[ClassOf(r.Kind)]-time.Hour), s.now+int64(s.ahead-time.Hour)
	if r.Time < first || r.Time > last {
		return s.now, true
	}
	return r.Time, false
}

// head starts a row with what it is.
func (s *shaper) head(r *Row, at int64, off bool) {
	s.digits = s.digits[:0]
	number := func(v uint64) string {
		from := len(s.digits)
		s.digits = strconv.AppendUint(s.digits, v, 10)
		return text(s.digits[from:])
	}
	s.flat.Fields = append(s.flat.Fields[:0], field(FieldSensor, r.Sensor), field(FieldKind, r.Kind),
		field(FieldEpoch, number(r.Epoch)), field(FieldSequence, number(r.Sequence)), field(FieldIndex, number(uint64(r.Index))))
	if off {
		s.flat.Fields = append(s.flat.Fields, field(FieldClock, time.Unix(0, r.Time).UTC().Format(time.RFC3339Nano)))
	}
}

// text makes a string of bytes that stay as they are.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// shorten cuts the longest values until a row is within mostBytes, and names them.
func shorten(fields []Field, head int) []Field {
	var cut []string
	for {
		over := encoded(fields) - (mostBytes - 4<<10) // room for the names of what is cut
		if over <= 0 {
			break
		}
		longest := head
		for i := head; i < len(fields); i++ {
			if len(fields[i].Value) > len(fields[longest].Value) {
				longest = i
			}
		}
		f := &fields[longest]
		if !strings.HasPrefix(f.Name, "vigil.") && len(cut) < 16 && (len(cut) == 0 || cut[len(cut)-1] != f.Name) {
			cut = append(cut, f.Name)
		}
		f.Value = strings.ToValidUTF8(f.Value[:max(len(f.Value)/2, len(f.Value)-over)], "")
	}
	if len(cut) > 0 {
		fields = append(fields, field(FieldCut, strings.Join(cut, " ")))
	}
	return fields
}

// encoded is how long fields are as a line of JSON.
func encoded(fields []Field) int {
	n := 0
	for i := range fields {
		n += len(fields[i].Name) + encodedText(fields[i].Value) + len(`"":"",`)
	}
	return n
}

func encodedText(s string) int {
	n := len(s)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			n++
		case c < ' ':
			n += len(`\u0000`) - 1
		}
	}
	return n
}
