package qemu

import "strings"

// What the guest says to the runner, each at the end of a line of its console.
const (
	markKernel = "vigil-vm: kernel "
	markExit   = "vigil-vm: exit "
	markOut    = "vigil-vm: cannot send /out"
)

// Where the guest finds what it was given.
const (
	guestLoad    = "/vm/load"    // names of modules
	guestCommand = "/vm/command" // shell script
)

// initScript is the guest's first process.
//
// It first moves to a bind mount of the first file system, which leaves what
// switch_root leaves on a real machine: pivot_root refuses the bare one.
const initScript = `#!/bin/busybox sh
if [ "$1" != moved ]; then
	/bin/busybox mount -o bind / /mnt && cd /mnt && /bin/busybox mount -o move . / &&
		exec /bin/busybox chroot . /init moved
fi
export PATH=/bin HOME=/root TMPDIR=/tmp
/bin/busybox --install -s /bin
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t devtmpfs -o nosuid dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o nosuid,noexec,ptmxmode=0666 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev shm /dev/shm
mount -t tmpfs -o nosuid,nodev,mode=0755 run /run
mount -t tmpfs -o nosuid,nodev tmp /tmp
ln -s /proc/self/fd /dev/fd
mount -t securityfs securityfs /sys/kernel/security
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
hostname vigil-vm
ifconfig lo up
mkdir -p /dev/net && mknod /dev/net/tun c 10 200 && mknod /dev/loop-control c 10 237
while read -r module; do
	modprobe $module
done </vm/load
if grep -q vigil.out /proc/cmdline; then
	modprobe -q virtio_pci
	modprobe -q virtio_console
	tries=50
	until [ -c /dev/vport0p1 ] || [ $tries = 0 ]; do
		usleep 100000
		tries=$((tries - 1))
	done
fi
echo "` + markKernel + `$(uname -r)"
sh /vm/command </dev/null
status=$?
dmesg -n 1
if grep -q vigil.out /proc/cmdline; then
	[ -c /dev/vport0p1 ] && tar -c -C /out . >/dev/vport0p1 || echo "` + markOut + `"
fi
echo "` + markExit + `$status"
poweroff -f
`

// commandScript is the shell script that sets env and runs command.
func commandScript(env, command []string) string {
	var b strings.Builder
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		b.WriteString("export " + name + "=" + quote(value) + "\n")
	}
	b.WriteString("exec")
	for _, word := range command {
		b.WriteString(" " + quote(word))
	}
	b.WriteString("\n")
	return b.String()
}

// quote makes one word of the shell of s.
func quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
