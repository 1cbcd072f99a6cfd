package behavior

import (
	"bytes"
	"hash/maphash"
	"net/netip"

	"vigil/decode"
)

const (
	second = uint64(1e9)
	minute = 60 * second
)

// base is the last name of a path.
func base(path []byte) []byte { return path[bytes.LastIndexByte(path, '/')+1:] }

// path is that of the image that acts: for an exec, the new one.
func (e *Event) path() []byte {
	if e.Kind() == decode.KindExec || e.Kind() == decode.KindProcess {
		return e.Text(decode.ExecPathText)
	}
	return e.Actor().Path
}

// image is the last name of the path.
func (e *Event) image() []byte {
	e.look()
	return e.name
}

// arguments are those of an exec, each ended by a zero byte.
func (e *Event) arguments() []byte {
	e.look()
	return e.args
}

func (e *Event) look() {
	if !e.read {
		e.read, e.name, e.args = true, base(e.path()), e.Text(decode.ExecArgumentsText)
	}
}

// parent is the last name of the parent's image; empty when not known.
func (e *Event) parent() []byte {
	if e.Actor().Parent == nil {
		return nil
	}
	return base(e.Actor().Parent.Path)
}

// argument gives the i-th argument.
func argument(all []byte, i int) []byte {
	for a := range decode.Arguments(all) {
		if i == 0 {
			return a
		}
		i--
	}
	return nil
}

func containsAny(b []byte, words []string) bool {
	for _, w := range words {
		if contains(b, w) {
			return true
		}
	}
	return false
}

// contains is bytes.Contains; a zero byte that parts arguments counts as a space.
func contains(b []byte, word string) bool {
	first := word[0]
	for len(b) >= len(word) {
		i := bytes.IndexByte(b[:len(b)-len(word)+1], first)
		if i < 0 {
			return false
		}
		if same(b[i:i+len(word)], word) {
			return true
		}
		b = b[i+1:]
	}
	return false
}

func same(b []byte, word string) bool {
	for i := range b {
		if c := b[i]; c != word[i] && (c != 0 || word[i] != ' ') {
			return false
		}
	}
	return true
}

func shell(name []byte) bool {
	switch string(name) {
	case "sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "csh", "tcsh", "fish", "busybox":
		return true
	}
	return false
}

// interactive tells of a shell that takes its commands from standard input.
func interactive(arguments []byte) bool {
	first := true
	for a := range decode.Arguments(arguments) {
		switch {
		case first:
			first = false
		case len(a) == 0 || a[0] != '-':
			return false
		case len(a) > 1 && a[1] != '-' && bytes.IndexByte(a, 'c') > 0:
			return false
		}
	}
	return true
}

func downloader(name []byte) bool {
	switch string(name) {
	case "curl", "wget", "aria2c", "axel", "lwp-download", "ftp", "tftp", "fetch", "wget2":
		return true
	}
	return false
}

// temporary tells of paths where anybody may write.
func temporary(path []byte) bool {
	return bytes.HasPrefix(path, []byte("/tmp/")) || bytes.HasPrefix(path, []byte("/var/tmp/")) || bytes.HasPrefix(path, []byte("/dev/shm/"))
}

const (
	inet  = 2  // AF_INET
	inet6 = 10 // AF_INET6
)

func internet(e *decode.Endpoints) bool { return e.Family == inet || e.Family == inet6 }

func address(b [16]byte) netip.Addr { return netip.AddrFrom16(b).Unmap() }

// public tells of addresses that lie beyond one's own networks.
func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast()
}

// began tells of a connection that came to be, or may yet.
func began(e *Event) bool { return !e.Is(decode.EventFailed) || e.Socket().Result == -115 } // EINPROGRESS

func hashOf(seed maphash.Seed, b []byte) uint64 { return maphash.Bytes(seed, b) }
