package bpf

import "slices"

// networkHooks: sockets and what goes over them.
func networkHooks() []hook {
	datagrams := functions(vigilKindKIND_DATAGRAM,
		[]string{"datagram_send", "datagram_send6?", "datagram_receive"},
		"sendto", "sendmsg", "sendmmsg", "write", "recvfrom", "recvmsg", "recvmmsg", "read")
	dns := datagrams
	dns.kind = vigilKindKIND_DNS
	dns.tiers[TierFull] = append([]string{"datagram_read?", "datagram_read6?"}, datagrams.tiers[TierFull]...)
	dns.note = "over UDP, ports 53 and 5353"
	end := following(hook{kind: vigilKindKIND_FLOW_END}, "flow_connect", "flow_state")
	end.tiers[TierFull] = append(end.tiers[TierFull], "datagram_end", "datagram_end6?")
	end.tiers[TierKprobe] = append(end.tiers[TierKprobe], "kdatagram_end", "kdatagram_end6?")
	return []hook{
		following(functions(vigilKindKIND_CONNECT,
			[]string{"inet_stream_connect", "inet_dgram_connect", "unix_stream_connect", "unix_dgram_connect"},
			"connect"), "flow_connect", "flow_state"),
		functions(vigilKindKIND_ACCEPT, []string{"accept_graft"}, "accept", "accept4"),
		functions(vigilKindKIND_BIND, []string{"inet_bind", "inet6_bind?", "unix_bind"}, "bind"),
		following(functions(vigilKindKIND_LISTEN, []string{"inet_listen", "mptcp_listen?", "unix_listen"}, "listen"), "flow_listen"),
		functions(vigilKindKIND_RAW_SOCKET, []string{"socket_create"}, "socket"),
		end,
		datagrams,
		dns,
	}
}

// following adds what follows the states of a TCP socket: in the full tier at a function
// where it begins, in the others with all changes of its state. The rest is the same.
func following(h hook, begin string, rest ...string) hook {
	for tier := range h.tiers {
		first := "flow_begin"
		if Tier(tier) == TierFull {
			first = begin
		}
		h.tiers[tier] = slices.Concat([]string{first}, rest, h.tiers[tier])
	}
	return h
}
