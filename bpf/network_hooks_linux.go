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
	end := everywhere(hook{kind: vigilKindKIND_FLOW_END}, "flow_begin", "flow_state")
	end.tiers[TierFull] = append(end.tiers[TierFull], "datagram_end", "datagram_end6?")
	end.tiers[TierKprobe] = append(end.tiers[TierKprobe], "kdatagram_end", "kdatagram_end6?")
	return []hook{
		everywhere(functions(vigilKindKIND_CONNECT,
			[]string{"inet_stream_connect", "inet_dgram_connect", "unix_stream_connect", "unix_dgram_connect"},
			"connect"), "flow_begin", "flow_state"),
		functions(vigilKindKIND_ACCEPT, []string{"accept_graft"}, "accept", "accept4"),
		functions(vigilKindKIND_BIND, []string{"inet_bind", "inet6_bind?", "unix_bind"}, "bind"),
		everywhere(functions(vigilKindKIND_LISTEN, []string{"inet_listen", "mptcp_listen?", "unix_listen"}, "listen"), "flow_begin"),
		functions(vigilKindKIND_RAW_SOCKET, []string{"socket_create"}, "socket"),
		end,
		datagrams,
		dns,
	}
}

// everywhere adds programs that are the same in all tiers.
func everywhere(h hook, programs ...string) hook {
	for tier := range h.tiers {
		h.tiers[tier] = slices.Concat(programs, h.tiers[tier])
	}
	return h
}
