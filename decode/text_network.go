package decode

import (
	"net/netip"
	"strconv"
)

func (l *line) network(r Record) {
	switch r.Kind() {
	case KindFlowEnd:
		e := r.Flow()
		l.ends(&e.Ends, nil, e.Accepted != 0)
		l.word("sent")
		l.size(e.BytesSent)
		l.word("received")
		l.size(e.BytesReceived)
		if e.Error != 0 {
			l.value(uint64(e.Error), errnos[:])
		}
	case KindDNS:
		l.dns(r)
	case KindRawSocket:
		e := &r.Socket().Ends
		l.value(uint64(e.Family), families[:])
		l.value(uint64(e.Type), socketTypes[:])
		if e.internet() {
			l.value(uint64(e.Protocol), protocols[:])
		} else {
			l.word("protocol")
			l.number(uint64(e.Protocol))
		}
	default:
		e := r.Socket()
		l.ends(&e.Ends, r.Text(SocketPathText), r.Kind() == KindAccept || e.Inbound != 0)
		switch r.Kind() {
		case KindDatagram:
			l.size(e.Bytes)
		case KindListen:
			l.word("backlog")
			l.number(uint64(e.Backlog))
		case KindConnect:
			if e.LatencyNS != 0 {
				l.word("in")
				l.duration(e.LatencyNS)
			}
		}
	}
}

// ends writes protocol, this end, and the other end where there is one; the
// arrow points away from who began.
func (l *line) ends(e *Endpoints, path []byte, inbound bool) {
	if e.Family == familyUnix {
		l.word("unix")
		if len(path) > 0 {
			l.text(path)
		}
		return
	}
	l.value(uint64(e.Protocol), protocols[:])
	l.endpoint(e.Local, e.LocalPort)
	if e.RemotePort == 0 && netip.AddrFrom16(e.Remote).Unmap().IsUnspecified() {
		return
	}
	if inbound {
		l.word("←")
	} else {
		l.arrow()
	}
	l.endpoint(e.Remote, e.RemotePort)
}

func (l *line) endpoint(address [16]byte, port uint16) {
	l.b = netip.AddrPortFrom(netip.AddrFrom16(address).Unmap(), port).AppendTo(append(l.b, ' '))
}

// shownAnswers bounds how many answers of a DNS message a line has.
const shownAnswers = 4

func (l *line) dns(r Record) {
	m, err := ParseDNS(r.Text(DNSMessageText))
	if err != nil {
		l.word("no DNS message")
		return
	}
	shown := 0
	for rr := (DNSRecord{}); m.Next(&rr) && rr.Section <= DNSAnswer && shown < shownAnswers; {
		l.b = append(l.b, ' ')
		if rr.Section == DNSQuestion {
			l.b = append(rr.Name.AppendTo(l.b), ' ')
			l.b = rr.Type.AppendTo(l.b)
			continue
		}
		if shown++; shown == 1 {
			l.b = append(l.b, "→ "...)
		}
		l.b = rr.AppendData(l.b)
	}
	switch {
	case m.Response() && m.RCode() != 0:
		l.value(uint64(m.RCode()), responseCodes[:])
	case int(m.Count[DNSAnswer]) > shown && m.Response():
		l.b = strconv.AppendUint(append(l.b, " +"...), uint64(int(m.Count[DNSAnswer])-shown), 10)
	}
	if m.Truncated() || m.Cut() {
		l.capital("TRUNCATED")
	}
	if m.Err() != nil {
		l.capital("MALFORMED")
	}
}

func (l *line) kernel(r Record) {
	switch r.Kind() {
	case KindCgroup:
		if r.Cgroup().Removed != 0 {
			l.word("removed")
		} else {
			l.word("made")
		}
		l.text(r.Text(CgroupPathText))
	case KindModule:
		l.text(r.Text(ModuleNameText))
		if path := r.Text(ModulePathText); len(path) > 0 {
			l.text(path)
		}
		if parameters := r.Text(ModuleParametersText); len(parameters) > 0 {
			l.text(parameters)
		}
		if r.Module().FromMemory != 0 {
			l.capital("FROM-MEMORY")
		}
	case KindBPF:
		e := r.BPF()
		l.value(uint64(e.Command), bpfCommands[:])
		if e.programType() {
			l.value(uint64(e.Type), bpfPrograms[:])
		}
		if name := r.Text(BPFNameText); len(name) > 0 {
			l.text(name)
		}
		if e.Instructions != 0 {
			l.number(uint64(e.Instructions))
			l.word("instructions")
		}
	case KindKexec:
		l.number(r.Kexec().Segments)
		l.word("segments")
	case KindSysctl:
		l.text(r.Text(SysctlPathText))
		l.word("=")
		l.text(r.Text(SysctlValueText))
	case KindUserfaultfd:
		l.word("flags 0x")
		l.b = strconv.AppendUint(l.b, uint64(r.Descriptor().Flags), 16)
	case KindIOUring:
		l.number(uint64(r.Descriptor().Entries))
		l.word("entries")
	case KindLost:
		e := r.Lost()
		l.number(e.Records)
		l.value(uint64(e.Kind), lostKinds(e.Kind))
		l.word("records:")
		l.word(e.ReasonName())
		if int32(e.CPU) >= 0 {
			l.word("on CPU")
			l.number(uint64(e.CPU))
		}
		l.word("from ")
		l.clock(e.Since)
		l.word("to ")
		l.clock(e.Until)
	}
}
