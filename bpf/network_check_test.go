//go:build linux

package bpf

import (
	"bytes"
	"fmt"
	"net/netip"
	"path/filepath"
	"syscall"
	"time"

	"vigil/decode"
)

// checkStream looks for the connection of causes.stream, from both its ends.
func (r *networkRun) checkStream(name string, family int, address string) {
	r.Helper()
	client, server := name+"-client", name+"-server"
	any := netip.AddrFrom16(netip.MustParseAddr(address).As16()).String()
	nobody := "::"
	if family == syscall.AF_INET {
		nobody = "::ffff:0.0.0.0"
	}
	bind := r.one("bind", decode.KindBind, fromTo(r.number(server), 0))
	r.checkEnds("bind", bind, any, nobody, family, 6, 1)
	listen := r.one("listen", decode.KindListen, fromTo(r.number(server), 0))
	r.checkEnds("listen", listen, any, nobody, family, 6, 1)
	if n := listen.Socket().Backlog; n != 7 {
		r.Errorf("backlog is %d, want 7", n)
	}
	if a, b := bind.Socket().Ends.Socket, listen.Socket().Ends.Socket; a != b {
		r.Errorf("bind is of socket %x, listen of %x", a, b)
	}
	connect := r.one("connect", decode.KindConnect, r.between(client, server))
	r.checkEnds("connect", connect, any, any, family, 6, 1)
	if s := connect.Socket(); s.Result != 0 || s.LatencyNS == 0 || s.LatencyNS > uint64(10*time.Second) || connect.Is(decode.EventFailed) {
		r.Errorf("connect: %+v", *s)
	}
	accept := r.one("accept", decode.KindAccept, r.between(server, client))
	r.checkEnds("accept", accept, any, any, family, 6, 1)
	r.checkFlow(r.one("end of the client", decode.KindFlowEnd, r.between(client, server)), connect, 1000, 3000, 0)
	r.checkFlow(r.one("end of the server", decode.KindFlowEnd, r.between(server, client)), accept, 3000, 1000, 1)
}

// checkFlow compares the end of a connection with the record of its begin.
func (r *networkRun) checkFlow(end, begin decode.Record, sent, received uint64, accepted uint32) {
	r.Helper()
	f := end.Flow()
	if f.BytesSent != sent || f.BytesReceived != received || f.Accepted != accepted {
		r.Errorf("flow %+v, want %d bytes sent, %d received, accepted %d", *f, sent, received, accepted)
	}
	if f.PacketsSent < 1 || f.PacketsReceived < 1 || f.PacketsSent > 20 || f.PacketsReceived > 20 {
		r.Errorf("packets: %+v", *f)
	}
	if f.Ends.Socket != begin.Socket().Ends.Socket {
		r.Errorf("ends socket %x, began with %x", f.Ends.Socket, begin.Socket().Ends.Socket)
	}
	if f.Start != begin.Time-begin.Socket().LatencyNS || end.Time < begin.Time {
		r.Errorf("from %d to %d, but begun at %d", f.Start, end.Time, begin.Time)
	}
}

func (r *networkRun) checkResult(what string, record decode.Record, want syscall.Errno) {
	r.Helper()
	if s := record.Socket(); s.Result != -int32(want) || record.Is(decode.EventFailed) != (want != 0) {
		r.Errorf("%s: result %d, flags %#x, want %d", what, s.Result, record.Flags, -int32(want))
	}
}

func failed(record decode.Record) bool { return record.Is(decode.EventFailed) }

func (r *networkRun) checkFailures() {
	server := r.number("taken")
	bind := r.one("bind", decode.KindBind, func(record decode.Record) bool { return fromTo(server, 0)(record) && !failed(record) })
	r.checkResult("bind", bind, 0)
	taken := r.one("bind to a taken port", decode.KindBind, fromTo(server, 0))
	r.checkResult("bind to a taken port", taken, syscall.EADDRINUSE)
	r.checkEnds("bind to a taken port", taken, "::ffff:127.0.0.1", "::ffff:0.0.0.0", 2, 6, 1)
	r.one("listen", decode.KindListen, fromTo(server, 0))

	abandoned := r.one("abandoned connect", decode.KindConnect, r.between("abandoned-client", "taken"))
	r.checkResult("abandoned connect", abandoned, syscall.ECONNABORTED)
	first := r.one("connect", decode.KindConnect, r.between("unaccepted-client", "taken"))
	r.checkResult("connect", first, 0)
	r.checkFlow(r.one("end", decode.KindFlowEnd, r.between("unaccepted-client", "taken")), first, 0, 0, 0)
	refused := r.one("refused connect", decode.KindConnect, func(record decode.Record) bool {
		return endsOf(record).RemotePort == server
	})
	r.checkResult("refused connect", refused, syscall.ECONNREFUSED)
	r.checkEnds("refused connect", refused, "::ffff:127.0.0.1", "::ffff:127.0.0.1", 2, 6, 1)
	if endsOf(refused).LocalPort == 0 {
		r.Error("refused connect has no local port")
	}
	lost := r.one("connect without a route", decode.KindConnect, func(record decode.Record) bool {
		return endsOf(record).RemotePort == 81
	})
	r.checkResult("connect without a route", lost, syscall.ENETUNREACH)
	if a := netip.AddrFrom16(endsOf(lost).Remote); a.String() != "::ffff:203.0.113.9" {
		r.Errorf("connect without a route went to %s", a)
	}
}

func (r *networkRun) checkUnbound() {
	listen := r.one("listen without bind", decode.KindListen, fromTo(r.number("unbound"), 0))
	r.checkEnds("listen without bind", listen, "::ffff:0.0.0.0", "::ffff:0.0.0.0", 2, 6, 1)
	if n := listen.Socket().Backlog; n != 3 {
		r.Errorf("backlog is %d, want 3", n)
	}
}

func (r *networkRun) checkReset() {
	r.one("bind", decode.KindBind, fromTo(r.number("reset-server"), 0))
	r.one("listen", decode.KindListen, fromTo(r.number("reset-server"), 0))
	connect := r.one("connect", decode.KindConnect, r.between("reset-client", "reset-server"))
	accept := r.one("accept", decode.KindAccept, r.between("reset-server", "reset-client"))
	r.checkFlow(r.one("end of the client", decode.KindFlowEnd, r.between("reset-client", "reset-server")), connect, 10, 0, 0)
	end := r.one("end of the server", decode.KindFlowEnd, r.between("reset-server", "reset-client"))
	r.checkFlow(end, accept, 0, 10, 1)
	if e := end.Flow().Error; syscall.Errno(e) != syscall.ECONNRESET {
		r.Errorf("error %d, want ECONNRESET", e)
	}
}

// datagram finds the record of the first one between these ports.
func (r *networkRun) datagram(what string, local, remote uint16, inbound uint32, size uint64) decode.Record {
	r.Helper()
	record := r.one(what, decode.KindDatagram, func(record decode.Record) bool {
		return fromTo(local, remote)(record) && record.Socket().Inbound == inbound
	})
	if n := record.Socket().Bytes; n != size {
		r.Errorf("%s has %d bytes, want %d", what, n, size)
	}
	return record
}

// totals checks the end of a UDP socket: bytes and packets sent, then received.
func (r *networkRun) totals(what string, local uint16, want ...uint64) decode.Record {
	r.Helper()
	record := r.one("end of "+what, decode.KindFlowEnd, func(record decode.Record) bool {
		return endsOf(record).LocalPort == local && endsOf(record).Protocol == 17
	})
	f := record.Flow()
	if got := []uint64{f.BytesSent, f.PacketsSent, f.BytesReceived, f.PacketsReceived}; fmt.Sprint(got) != fmt.Sprint(want) {
		r.Errorf("end of %s: %v, want %v", what, got, want)
	}
	if f.Start == 0 || f.Start > record.Time {
		r.Errorf("end of %s at %d: %+v", what, record.Time, *f)
	}
	return record
}

func (r *networkRun) checkDatagrams(name string, family int, address string) {
	r.Helper()
	client, server := r.number(name+"-client"), r.number(name+"-server")
	r.one("bind", decode.KindBind, fromTo(server, 0))
	r.one("bind", decode.KindBind, fromTo(client, 0))
	for _, record := range []decode.Record{
		r.datagram("question sent", client, server, 0, 100),
		r.datagram("question received", server, client, 1, 100),
		r.datagram("answer sent", server, client, 0, 200),
		r.datagram("answer received", client, server, 1, 200),
		r.totals("the client", client, 200, 2, 400, 2),
		r.totals("the server", server, 400, 2, 200, 2),
	} {
		r.checkEnds("datagram", record, address, address, family, 17, 2)
	}
}

// unknown is the other end of a datagram that was read without asking who sent
// it: system calls do not tell, packets do.
func (r *networkRun) unknown(port uint16) uint16 {
	if r.tier == TierTracepoint {
		return 0
	}
	return port
}

func (r *networkRun) checkConnected() {
	client, server := r.number("connected-client"), r.number("connected-server")
	r.one("bind", decode.KindBind, fromTo(server, 0))
	connect := r.one("connect", decode.KindConnect, fromTo(client, server))
	r.checkEnds("connect", connect, "::ffff:127.0.0.1", "::ffff:127.0.0.1", 2, 17, 2)
	r.datagram("question sent", client, server, 0, 50)
	r.datagram("question received", server, r.unknown(client), 1, 50)
	r.datagram("answer sent", server, client, 0, 60)
	r.datagram("answer received", client, server, 1, 60)
	end := r.totals("the client", client, 50, 1, 60, 1)
	r.totals("the server", server, 60, 1, 50, 1)
	if end.Flow().Ends.Socket != connect.Socket().Ends.Socket {
		r.Error("connect and end are of different sockets")
	}
}

func (r *networkRun) checkMapped() {
	client, server := r.number("mapped-client"), r.number("mapped-server")
	r.one("bind", decode.KindBind, fromTo(server, 0))
	sent := r.datagram("datagram sent", client, server, 0, 70)
	if a := netip.AddrFrom16(endsOf(sent).Remote); a.String() != "::ffff:127.0.0.1" || endsOf(sent).Family != syscall.AF_INET6 {
		r.Errorf("sent to %s, family %d", a, endsOf(sent).Family)
	}
	r.datagram("datagram received", server, r.unknown(client), 1, 70)
	r.totals("the client", client, 70, 1, 0, 0)
	r.totals("the server", server, 0, 0, 70, 1)
}

func (r *networkRun) checkDNS() {
	r.one("bind", decode.KindBind, fromTo(53, 0))
	if n := len(r.take(decode.KindConnect, func(record decode.Record) bool { return endsOf(record).RemotePort == 53 })); n != 2 {
		r.Errorf("%d connects to port 53, want 2", n)
	}
	for i, name := range []string{"go.example", "musl.example", "a.glibc.example", "aaaa.glibc.example"} {
		question := query(byte(i+1), name)
		for answered, message := range [][]byte{question, answer(question)} {
			record := r.one(name, decode.KindDNS, func(record decode.Record) bool {
				text := record.Text(decode.DNSMessageText)
				return len(text) > 2 && text[1] == message[1] && record.DNS().Answer == uint32(answered)
			})
			// A kprobe sees the packet only, and this one is in two pieces.
			if r.tier == TierKprobe && i == 1 && answered == 1 {
				if !record.Is(decode.EventCut) {
					r.Errorf("%s: not flagged as cut", name)
				}
				message = message[:20]
			}
			if text := record.Text(decode.DNSMessageText); !bytes.Equal(text, message) {
				r.Errorf("%s: message is %q, want %q", name, text, message)
			}
			if d := record.DNS(); d.Size != uint32(len(question)+16*answered) || d.Ends.RemotePort != 53 {
				r.Errorf("%s: %+v", name, *d)
			}
			r.checkEnds(name, record, r.localOf(record), "::ffff:127.0.0.1", 2, 17, 2)
		}
	}
	port53 := func(record decode.Record) bool {
		return endsOf(record).LocalPort == 53 || endsOf(record).RemotePort == 53
	}
	if n := len(r.take(decode.KindDatagram, port53)); n != 12 {
		r.Errorf("%d datagrams of port 53, want 12", n)
	}
	if n := len(r.take(decode.KindFlowEnd, port53)); n != 4 {
		r.Errorf("%d ends of port 53, want 4", n)
	}
}

// localOf is the address of the sender: of a socket that is not bound, only packets have it.
func (r *networkRun) localOf(record decode.Record) string {
	if a := netip.AddrFrom16(endsOf(record).Local); r.tier == TierTracepoint && a.String() == "::ffff:0.0.0.0" {
		return a.String()
	}
	return "::ffff:127.0.0.1"
}

func (r *networkRun) checkUnix() {
	abstract := "@vigil-" + filepath.Base(r.report.Dir)
	for _, want := range []struct {
		kind   decode.Kind
		path   string
		socket uint32
		raw    bool
		result syscall.Errno
	}{
		{decode.KindBind, r.report.Dir + "/a.sock", 1, false, 0},
		{decode.KindListen, "a.sock", 1, true, 0},
		{decode.KindConnect, r.report.Dir + "/a.sock", 1, false, 0}, // through a link
		{decode.KindAccept, "a.sock", 1, true, 0},
		{decode.KindBind, abstract, 1, false, 0},
		{decode.KindListen, abstract, 1, false, 0},
		{decode.KindConnect, abstract, 1, false, 0},
		{decode.KindAccept, abstract, 1, false, 0},
		{decode.KindBind, r.report.Dir + "/d.sock", 2, false, 0},
		{decode.KindConnect, r.report.Dir + "/d.sock", 2, false, 0},
		{decode.KindConnect, "none.sock", 1, true, syscall.ENOENT},
	} {
		what := fmt.Sprint(want.kind, " ", want.path)
		record := r.one(what, want.kind, func(record decode.Record) bool { return string(record.Text(decode.SocketPathText)) == want.path })
		r.checkEnds(what, record, "::", "::", 1, 0, int(want.socket))
		r.checkResult(what, record, want.result)
		if record.Is(decode.EventPathRaw) != want.raw {
			r.Errorf("%s: flags %#x", what, record.Flags)
		}
		if n := record.Socket().Backlog; want.kind == decode.KindListen && n != 5 {
			r.Errorf("%s: backlog %d, want 5", what, n)
		}
	}
}

func (r *networkRun) checkRaw() {
	record := r.one("raw", decode.KindRawSocket, func(record decode.Record) bool { return endsOf(record).Family == syscall.AF_INET })
	r.checkEnds("raw", record, "::", "::", syscall.AF_INET, 1, syscall.SOCK_RAW)
	record = r.one("packet", decode.KindRawSocket, func(record decode.Record) bool { return endsOf(record).Family == syscall.AF_PACKET })
	r.checkEnds("packet", record, "::", "::", syscall.AF_PACKET, syscall.ETH_P_ALL, syscall.SOCK_DGRAM)
}
