package decode

import "net/netip"

// OCSF's connection_info.direction_id.
const (
	directionUnknown  = 0
	directionInbound  = 1
	directionOutbound = 2
)

// networkSubject writes the connection that a record of Network Activity (4001)
// or DNS Activity (4003) is about. The source is who began it.
func (o *object) networkSubject(r Record) {
	switch r.Kind() {
	case KindFlowEnd:
		e := r.Flow()
		o.ends(&e.Ends, direction(r), nil)
		o.traffic(e)
	case KindDNS:
		o.ends(&r.DNS().Ends, direction(r), nil)
		o.dns(r)
	default:
		e := r.Socket()
		o.ends(&e.Ends, direction(r), r.Text(SocketPathText))
		if r.Kind() == KindDatagram {
			o.open("traffic")
			o.number("bytes", e.Bytes)
			o.number("bytes_out", e.Bytes) // from source to destination
			o.close()
		}
	}
}

// internet tells whether the protocol is an IP protocol and the ends have addresses.
func (e *Endpoints) internet() bool { return e.Family == familyInet || e.Family == familyInet6 }

// direction tells who began: this end, or the other.
func direction(r Record) uint64 {
	outbound := false
	switch r.Kind() {
	case KindConnect:
		outbound = true
	case KindAccept:
	case KindDatagram:
		outbound = r.Socket().Inbound == 0
	case KindFlowEnd:
		outbound = r.Flow().Accepted == 0
	case KindDNS: // a question goes out, or an answer comes in
		outbound = (r.DNS().Answer != 0) == answers(r)
	default:
		return directionUnknown
	}
	if outbound {
		return directionOutbound
	}
	return directionInbound
}

// ends writes both ends. One that binds or listens is the destination; a path is
// the name of the destination of an AF_UNIX socket.
func (o *object) ends(e *Endpoints, direction uint64, path []byte) {
	ip := e.internet()
	if direction == directionOutbound {
		o.endpoint("src_endpoint", ip, e.Local, e.LocalPort, nil)
		o.endpoint("dst_endpoint", ip, e.Remote, e.RemotePort, path)
	} else {
		o.endpoint("src_endpoint", ip && direction == directionInbound, e.Remote, e.RemotePort, nil)
		o.endpoint("dst_endpoint", ip, e.Local, e.LocalPort, path)
	}
	o.open("connection_info")
	o.hex16("uid", e.Socket)
	o.number("direction_id", direction)
	if ip {
		o.protocol(e)
	}
	o.close()
}

func (o *object) protocol(e *Endpoints) {
	o.number("protocol_num", uint64(e.Protocol))
	if int(e.Protocol) < len(protocols) && protocols[e.Protocol] != "" {
		o.name("protocol_name", protocols[e.Protocol])
	}
	if netip.AddrFrom16(e.Local).Is4In6() {
		o.number("protocol_ver_id", 4)
	} else {
		o.number("protocol_ver_id", 6)
	}
}

// endpoint writes one end, where it has anything: IPv4 as such, so ::ffff:a.b.c.d
// in the record is a.b.c.d here.
func (o *object) endpoint(name string, ip bool, address [16]byte, port uint16, path []byte) {
	ip = ip || port != 0 || address != [16]byte{}
	if !ip && len(path) == 0 {
		return
	}
	o.open(name)
	o.text("name", path)
	if ip {
		if o.begin("ip") {
			o.b = netip.AddrFrom16(address).Unmap().AppendTo(o.b)
			o.end()
		}
		o.number("port", uint64(port))
	}
	o.close()
}

// traffic writes a flow's totals. In OCSF "out" is from source to destination,
// whichever of them is this machine.
func (o *object) traffic(e *Flow) {
	out, in := e.BytesSent, e.BytesReceived
	packetsOut, packetsIn := e.PacketsSent, e.PacketsReceived
	if e.Accepted != 0 {
		out, in = in, out
		packetsOut, packetsIn = packetsIn, packetsOut
	}
	o.open("traffic")
	o.number("bytes", out+in)
	o.number("bytes_in", in)
	o.number("bytes_out", out)
	o.number("packets", packetsOut+packetsIn)
	o.number("packets_in", packetsIn)
	o.number("packets_out", packetsOut)
	o.close()
}

func (o *object) networkUnmapped(r Record) {
	switch r.Kind() {
	case KindFlowEnd:
		e := r.Flow()
		o.socket(&e.Ends)
		o.number("start_ns", e.Start)
		o.boolean("accepted", e.Accepted)
		o.value("error", uint64(e.Error), errnos[:])
	case KindDNS:
		e := r.DNS()
		o.socket(&e.Ends)
		o.boolean("received", e.Answer)
		o.number("message_size", uint64(e.Size))
		if message := r.Text(DNSMessageText); len(message) > 0 {
			o.hexOf("message", message)
		}
	default:
		e := r.Socket()
		o.socket(&e.Ends)
		o.number("backlog", uint64(e.Backlog))
		o.number("bytes", e.Bytes)
		o.number("latency_ns", e.LatencyNS)
		o.boolean("inbound", e.Inbound)
	}
}

func (o *object) socket(e *Endpoints) {
	o.value("family", uint64(e.Family), families[:])
	o.value("socket_type", uint64(e.Type), socketTypes[:])
	if !e.internet() { // of AF_PACKET, an ETH_P_*
		o.number("protocol", uint64(e.Protocol))
	}
	o.number("net_ns", uint64(e.NetNS))
}
