package container

import "strings"

// idLength is that of an ID of Docker, Podman, containerd's CRI and CRI-O: 256 random bits.
const idLength = 64

func isID(s string) bool { return len(s) == idLength && isHex(s) }

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// podUID finds a pod's UID in a segment of kubelet's: "podUID" by cgroupfs,
// "kubepods-burstable-podUID.slice" by systemd, the latter also before a colon
// (pkg/kubelet/cm/cgroup_manager_linux.go).
func podUID(s string) string {
	s, _, _ = strings.Cut(s, ":")
	if slice, ok := strings.CutSuffix(s, ".slice"); ok {
		i := strings.LastIndex(slice, "-pod")
		if i < 0 {
			return ""
		}
		s = slice[i+1:]
	}
	if uid, ok := strings.CutPrefix(s, "pod"); ok && isUID(uid) {
		return uid
	}
	return ""
}

// isUID takes a UUID, or the hash that a static pod of kubelet's has for one.
func isUID(s string) bool {
	if len(s) != 36 {
		return len(s) == 32 && isHex(s)
	}
	for i := range len(s) {
		dash := s[i] == '-' || s[i] == '_'
		if dash != (i == 8 || i == 13 || i == 18 || i == 23) || !dash && !isHex(s[i:i+1]) {
			return false
		}
	}
	return true
}

// isUserManager takes user@UID.service of everybody but root.
func isUserManager(s string) bool {
	uid, ok := strings.CutPrefix(s, "user@")
	return ok && uid != "0.service" && strings.HasSuffix(uid, ".service")
}

// machine reads what systemd-machined registers below machine.slice: machines of
// systemd-nspawn (machine-NAME.scope, systemd-nspawn@NAME.service) and of libvirt
// (https://libvirt.org/cgroups.html), of which only those of its LXC driver are
// containers.
func machine(parent, s string) (runtime, name string) {
	if !strings.HasPrefix(parent, "machine") || !strings.HasSuffix(parent, ".slice") {
		return "", ""
	}
	if name, ok := cutBoth(s, "systemd-nspawn@", ".service"); ok {
		return Nspawn, name
	}
	name, ok := cutBoth(s, "machine-", ".scope")
	if !ok || strings.HasPrefix(name, `qemu\x2d`) {
		return "", ""
	}
	if rest, ok := strings.CutPrefix(name, `lxc\x2d`); ok {
		if number, domain, ok := strings.Cut(rest, `\x2d`); ok && isNumber(number) && domain != "" {
			return LXC, domain
		}
	}
	return Nspawn, name
}

func cutBoth(s, prefix, suffix string) (string, bool) {
	s, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return "", false
	}
	s, ok = strings.CutSuffix(s, suffix)
	return s, ok && s != ""
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// unescape undoes systemd's \xNN in the names of units (systemd.unit(5)).
func unescape(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if i+4 <= len(s) && s[i] == '\\' && s[i+1] == 'x' && isHex(s[i+2:i+4]) {
			b = append(b, digit(s[i+2])<<4|digit(s[i+3]))
			i += 3
			continue
		}
		b = append(b, s[i])
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

func digit(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'a' + 10
}
