package recordtest

import (
	"encoding/binary"
	"net/netip"

	"vigil/decode"
)

// Ends gives a TCP connection between two address:port; it panics when they are none.
func Ends(local, remote string) decode.Endpoints {
	l, r := netip.MustParseAddrPort(local), netip.MustParseAddrPort(remote)
	e := decode.Endpoints{
		Local: l.Addr().As16(), Remote: r.Addr().As16(), LocalPort: l.Port(), RemotePort: r.Port(),
		Family: 2, Protocol: 6, Type: 1, NetNS: 4026531840, Socket: 0xffff888012345678,
	}
	if l.Addr().Is6() {
		e.Family = 10
	}
	return e
}

func sampleNetwork(kind decode.Kind) []byte {
	ends := Ends("10.0.0.5:43210", "93.184.216.34:443")
	switch kind {
	case decode.KindConnect:
		return Build(kind, decode.Socket{Ends: ends, LatencyNS: 12_345_678})
	case decode.KindAccept:
		return Build(kind, decode.Socket{Ends: Ends("[2001:db8::1]:22", "[2001:db8::2]:50000")})
	case decode.KindBind:
		return Build(kind, decode.Socket{Ends: Ends("0.0.0.0:4444", "0.0.0.0:0")})
	case decode.KindListen:
		return Build(kind, decode.Socket{Ends: decode.Endpoints{Family: 1, Type: 1}, Backlog: 128}, []byte("@/tmp/.hidden"))
	case decode.KindFlowEnd:
		return Build(kind, decode.Flow{Ends: ends, Start: 990_000_000_000, BytesSent: 700, BytesReceived: 15_000, PacketsSent: 9, PacketsReceived: 14})
	case decode.KindDatagram:
		ends.Protocol, ends.Type, ends.RemotePort = 17, 2, 123
		return Build(kind, decode.Socket{Ends: ends, Bytes: 48})
	case decode.KindRawSocket:
		return Build(kind, decode.Socket{Ends: decode.Endpoints{Family: 17, Protocol: 3, Type: 3}})
	case decode.KindDNS:
		ends.Protocol, ends.Type, ends.RemotePort = 17, 2, 53
		message := Answer("www.example.com", decode.DNSTypeA, []byte{93, 184, 216, 34})
		return Build(kind, decode.DNS{Ends: ends, Answer: 1, Size: uint32(len(message))}, message)
	}
	return nil
}

// Question makes a DNS question for a name.
func Question(name string, kind decode.DNSType) []byte {
	b := []byte{0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0} // ID 0x1234, RD, one question
	b = AppendName(b, name)
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, uint16(kind)), 1)
}

// Answer makes an answer to Question, with one record of the same name.
func Answer(name string, kind decode.DNSType, data []byte) []byte {
	b := Question(name, kind)
	b[2], b[3], b[7] = 0x81, 0x80, 1 // QR, RD, RA; one answer
	b = append(b, 0xc0, 12)          // the question's name
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, uint16(kind)), 1)
	b = binary.BigEndian.AppendUint32(b, 300)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

// AppendName appends a name as DNS has it on the wire, without compression.
func AppendName(b []byte, name string) []byte {
	for len(name) > 0 {
		n := 0
		for n < len(name) && name[n] != '.' {
			n++
		}
		b = append(append(b, byte(n)), name[:n]...)
		name = name[min(n+1, len(name)):]
	}
	return append(b, 0)
}
