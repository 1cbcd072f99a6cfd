package process

import (
	"bytes"
	"strconv"
	"strings"

	"vigil/decode"
)

// parseStatus reads credentials from the lines of /proc/PID/status; what is not
// there stays as it is.
func parseStatus(b []byte, h *decode.Header, e *decode.Exec) {
	for line := range bytes.Lines(b) {
		name, rest, _ := bytes.Cut(line, []byte{':'})
		words := bytes.Fields(rest)
		id := func(i int, v *uint32) {
			if i >= 0 && i < len(words) {
				if n, err := number[uint32](words[i]); err == nil {
					*v = n
				}
			}
		}
		set := func(v *uint64) {
			if len(words) > 0 {
				if n, err := strconv.ParseUint(string(words[0]), 16, 64); err == nil {
					*v = n
				}
			}
		}
		switch string(name) {
		case "Uid":
			id(0, &h.UID)
			id(1, &e.EUID)
		case "Gid":
			id(0, &e.GID)
			id(1, &e.EGID)
		case "NSpid":
			id(len(words)-1, &e.NSPID)
		case "CapInh":
			set(&e.CapInheritable)
		case "CapPrm":
			set(&e.CapPermitted)
		case "CapEff":
			set(&e.CapEffective)
		}
	}
}

// parseNamespace reads what a link of /proc/PID/ns says, such as
// mnt:[4026531840]; 0 when it is not of that form.
func parseNamespace(target string) uint32 {
	_, rest, ok := strings.Cut(target, ":[")
	rest, closed := strings.CutSuffix(rest, "]")
	if !ok || !closed {
		return 0
	}
	n, err := strconv.ParseUint(rest, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
