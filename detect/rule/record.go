package rule

import (
	"net/netip"

	"vigil/decode"
	"vigil/detect"
)

// Record is an event as the kernel told of it, with who did it. Fields are made when
// a rule asks for them, in memory that is used again. It is for one goroutine.
type Record struct {
	// Hostname gives the name that was asked for and answered with an address; nil, or
	// nil of it, when there is none. Its bytes must stay as they are during a match.
	Hostname func(netip.Addr) []byte

	record  decode.Record
	who     detect.Who
	like    uint64                    // detect.Like of it
	actor   *decode.Actor             // nil until a field asks
	sources [decode.KindCount]*Source // nil: no rule is about the kind
	fields  []fieldOf                 // by Field; nil: records have no such field
	all     []fieldOf                 // for keywords
	made    []byte                    // what was put together for this event
	nobody  decode.Actor
	message decode.DNSMessage
	answer  decode.DNSRecord
}

// fieldOf appends the values of one field of records.
type fieldOf func(*Record, [][]byte) [][]byte

// NewRecord makes an event of nothing yet.
func (s *Set) NewRecord() *Record {
	e := &Record{fields: make([]fieldOf, len(s.fields)), made: make([]byte, 0, madeBytes)}
	for kind := range e.sources {
		if category := categoryOf(decode.Kind(kind)); category != "" {
			if source := s.Source(LogSource{Product: "linux", Category: category}); len(source.programs) > 0 {
				e.sources[kind] = source
			}
		}
	}
	all := recordFields()
	for _, f := range all {
		if id, asked := s.fieldIDs[f.name]; asked {
			e.fields[id] = f.values
		}
		e.all = append(e.all, f.values)
	}
	return e
}

// madeBytes is the room for values at the start: it grows with the largest event.
const madeBytes = 16 << 10

// Wants tells whether any rule is about records of a kind.
func (e *Record) Wants(k decode.Kind) bool { return e.sources[k] != nil }

// Take makes the event that of a record, and tells whether any rule is about its kind.
// Who did it may be nil; like is detect.Like of both. They must stay as they are until
// the next Take.
func (e *Record) Take(r decode.Record, who detect.Who, like uint64) bool {
	if !e.Wants(r.Kind()) {
		return false
	}
	e.record, e.who, e.like, e.actor, e.made = r, who, like, nil, e.made[:0]
	return true
}

// by is who did it.
func (e *Record) by() *decode.Actor {
	if e.actor == nil && e.who != nil {
		e.actor = e.who.Actor()
	}
	if e.actor == nil {
		e.actor = &e.nobody
	}
	return e.actor
}

// Source implements Event.
func (e *Record) Source() *Source { return e.sources[e.record.Header.Kind] }

// Append implements Event. A field that a record has nothing to say of is missing.
func (e *Record) Append(dst [][]byte, id Field) ([][]byte, bool) {
	n := len(dst)
	if id == 0 {
		for _, values := range e.all {
			dst = values(e, dst)
		}
	} else if values := e.fields[id]; values != nil {
		dst = values(e, dst)
	}
	return dst, len(dst) > n
}

// categoryOf is Sigma's category of a kind of record, or Vigil's own.
func categoryOf(k decode.Kind) string {
	switch k {
	case decode.KindExec:
		return "process_creation"
	case decode.KindFileOpen, decode.KindFileWrite, decode.KindFileRename, decode.KindFileLink, decode.KindFileSymlink, decode.KindFileMkdir:
		return "file_event"
	case decode.KindFileRead:
		return "file_access"
	case decode.KindFileUnlink:
		return "file_delete"
	case decode.KindFileChmod, decode.KindFileChown, decode.KindFileSetxattr, decode.KindFileTruncate:
		return "file_change"
	case decode.KindConnect, decode.KindAccept:
		return "network_connection"
	case decode.KindListen, decode.KindBind, decode.KindRawSocket:
		return "listen"
	case decode.KindDNS:
		return "dns_query"
	case decode.KindModule:
		return "driver_load"
	case decode.KindMmap, decode.KindMprotect, decode.KindMemfd:
		return "memory"
	case decode.KindPtrace, decode.KindProcessVM, decode.KindSignal:
		return "process_access"
	case decode.KindCredentials:
		return "credential_change"
	case decode.KindNamespace:
		return "namespace_change"
	case decode.KindMount, decode.KindUmount, decode.KindPivotRoot:
		return "mount"
	case decode.KindBPF, decode.KindKexec, decode.KindSysctl:
		return "kernel"
	}
	return ""
}
