package sensor

import (
	"fmt"
	"strconv"
	"strings"
)

type scopeKind int

const (
	scopeHost scopeKind = iota
	scopeSelf
	scopePID
	scopeCgroup
)

type scope struct {
	kind scopeKind
	pid  uint32
	path string // of the cgroup, below the mount
}

// parseScope reads what --scope takes.
func parseScope(text string) (scope, error) {
	switch text {
	case "", "host":
		return scope{kind: scopeHost}, nil
	case "self":
		return scope{kind: scopeSelf}, nil
	}
	switch kind, rest, _ := strings.Cut(text, ":"); kind {
	case "pid":
		if pid, err := strconv.ParseUint(rest, 10, 31); err == nil && pid > 0 {
			return scope{kind: scopePID, pid: uint32(pid)}, nil
		}
	case "cgroup":
		if strings.HasPrefix(rest, "/") {
			return scope{kind: scopeCgroup, path: rest}, nil
		}
	}
	return scope{}, fmt.Errorf("scope: %q is none: give host, self, pid:NUMBER or cgroup:/PATH", text)
}
