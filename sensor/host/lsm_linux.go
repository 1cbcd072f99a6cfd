package host

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// activeLSMs asks the kernel for its security modules, which needs no securityfs;
// nil before Linux 6.8, or where it names one that is not known here
// (Documentation/userspace-api/lsm.rst).
func activeLSMs() []string {
	var ids [32]uint64
	size := uint64(unsafe.Sizeof(ids)) // Linux 6.8.0 takes 64 bits here, later ones the lower 32 (a5a858f622a0)
	n, _, errno := unix.Syscall(unix.SYS_LSM_LIST_MODULES, uintptr(unsafe.Pointer(&ids)), uintptr(unsafe.Pointer(&size)), 0)
	runtime.KeepAlive(&ids)
	if errno != 0 || int(n) > len(ids) {
		return nil
	}
	return lsmNames(ids[:n])
}

// lsmNames gives the names that /sys/kernel/security/lsm has for IDs
// (include/uapi/linux/lsm.h).
func lsmNames(ids []uint64) []string {
	names := []string{
		"capability", "selinux", "smack", "tomoyo", "apparmor", "yama", "loadpin", "safesetid",
		"lockdown", "bpf", "landlock", "ima", "evm", "ipe",
	}
	list := make([]string, 0, len(ids))
	for _, id := range ids {
		const first = 100 // LSM_ID_CAPABILITY
		if id < first || id-first >= uint64(len(names)) {
			return nil
		}
		list = append(list, names[id-first])
	}
	return list
}
