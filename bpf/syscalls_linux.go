package bpf

import "runtime"

// syscallSymbol is the kernel function behind a system call.
func syscallSymbol(call string) string {
	if runtime.GOARCH == "arm64" {
		return "__arm64_sys_" + call
	}
	return "__x64_sys_" + call
}

func syscallNumber(call string) (uint32, bool) {
	n, ok := syscallNumbers()[call]
	return n, ok
}
