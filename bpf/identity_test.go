//go:build linux

package bpf

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"vigil/decode"
)

func TestIdentity(t *testing.T) { runRows(t, identityRows()) }

const (
	nobody = 65534
	keep   = 1<<32 - 1 // -1: leave as it is

	cloneNewNS, cloneNewCgroup, cloneNewUTS, cloneNewIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
	cloneNewUser, cloneNewNet                            = 0x10000000, 0x40000000
)

func nothing(*world, *facts) []told { return nil }

func identityRows() []row {
	return slices.Concat(credentialsRows(), namespaceRows(), []row{renameRow(), cgroupRow()})
}

// changed is a row of one system call that changes whom a thread runs as.
func changed(name, call string, arguments ...uint64) row {
	return row{
		name: name, kinds: []decode.Kind{decode.KindCredentials},
		cause: func(f *facts) error {
			if err := ids(f, "before "); err != nil {
				return err
			}
			if _, err := must(call, arguments...); err != nil && call != "setfsuid" && call != "setfsgid" {
				return err
			}
			return ids(f, "after ")
		},
		want: wantChange,
	}
}

func wantChange(_ *world, f *facts) []told {
	e := decode.Credentials{Before: idsOf(f, "before "), After: idsOf(f, "after ")}
	if e.Before == e.After {
		return []told{{kind: decode.KindCredentials}} // the cause did nothing: fails
	}
	return []told{{kind: decode.KindCredentials, event: e}}
}

func silent(r row) row {
	r.want = nothing
	return r
}

func credentialsRows() []row {
	return []row{
		changed("setuid", "setuid", nobody),
		changed("setgid", "setgid", nobody),
		changed("setreuid", "setreuid", keep, nobody),
		changed("setregid", "setregid", nobody, keep),
		changed("setresuid", "setresuid", nobody, nobody, nobody),
		changed("setresgid", "setresgid", 1, 2, 3),
		changed("setfsuid", "setfsuid", nobody),
		changed("setfsgid", "setfsgid", nobody),
		silent(changed("setuid to the same", "setuid", 0)),
		silent(changed("setresuid of nothing", "setresuid", keep, keep, keep)),
		silent(changed("setgroups", "setgroups", 0, 0)), // in no field of the record
		{
			name: "capset", kinds: []decode.Kind{decode.KindCredentials},
			cause: func(f *facts) error {
				if err := ids(f, "before "); err != nil {
					return err
				}
				head := []uint64{0x20080522} // _LINUX_CAPABILITY_VERSION_3
				effective, permitted := f.N["before CapEff"]&^(1<<16), f.N["before CapPrm"]
				// twice struct __user_cap_data_struct: effective, permitted, inheritable; low words, then high words
				data := []uint64{effective&keep | permitted<<32, effective >> 32 << 32, permitted >> 32}
				if _, err := must("capset", addressOf(unsafeBytes(head)), addressOf(unsafeBytes(data))); err != nil {
					return err
				}
				return ids(f, "after ")
			},
			want: wantChange,
		},
		{
			name: "setuid that fails", kinds: []decode.Kind{decode.KindCredentials},
			cause: func(f *facts) error {
				if err := ids(f, "before "); err != nil {
					return err
				}
				if _, err := must("setresuid", nobody, nobody, nobody); err != nil {
					return err
				}
				if _, errno := call("setuid", 0); errno != syscall.EPERM {
					return fmt.Errorf("setuid: %w", errno)
				}
				return ids(f, "after ")
			},
			want: wantChange, // of the first call
		},
		{
			name: "exec of a set-uid file", kinds: []decode.Kind{decode.KindCredentials},
			cause: execSetUID,
			want: func(w *world, f *facts) []told {
				for _, r := range w.records { // the image that asked, not the one that it became
					if r.Kind() == decode.KindCredentials && r.ExecID != w.execs[r.PID].PreviousExecID {
						return []told{{kind: decode.KindCredentials}}
					}
				}
				return wantChange(w, f)
			},
		},
	}
}

// execSetUID becomes a copy of this program that belongs to nobody and is set-uid.
func execSetUID(f *facts) error {
	f.N["exec id"] = 1
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer func() { _ = self.Close() }()
	program, err := os.CreateTemp("", "vigil*")
	if err != nil {
		return err
	}
	f.S["remove"] = program.Name()
	if _, err := io.Copy(program, self); err != nil {
		return err
	}
	if err := errors.Join(program.Chown(nobody, 0), program.Chmod(0o755|os.ModeSetuid), program.Close(), ids(f, "before ")); err != nil {
		return err
	}
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	var environment []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "VIGIL_CAUSE=") {
			environment = append(environment, v)
		}
	}
	environment = append(environment, "VIGIL_CAUSE=ids", "VIGIL_FACTS="+string(b))
	return syscall.Exec(program.Name(), []string{"vigil", "-test.run=^TestCause$"}, environment)
}

var namespaces = []string{"mnt", "net", "user", "uts", "ipc", "cgroup", "pid_for_children"}

func noteNamespaces(f *facts) error {
	for _, n := range namespaces {
		number, err := inode("/proc/thread-self/ns/" + n)
		if err != nil {
			return err
		}
		f.N[n] = number
	}
	return nil
}

func namespaceOf(f *facts, flags uint64, joined uint32) decode.Namespace {
	n := func(name string) uint32 { return uint32(f.N[name]) }
	return decode.Namespace{
		Flags: flags, MountNS: n("mnt"), PIDNS: n("pid_for_children"), NetNS: n("net"), UserNS: n("user"),
		UTSNS: n("uts"), IPCNS: n("ipc"), CgroupNS: n("cgroup"), Joined: joined,
	}
}

// rejoin leaves its UTS namespace and joins it again.
func rejoin(flags uint64) func(f *facts) error {
	return func(f *facts) error {
		ns, err := os.Open("/proc/thread-self/ns/uts")
		if err != nil {
			return err
		}
		if _, err := must("unshare", cloneNewUTS); err != nil {
			return err
		}
		if f.N["left"], err = inode("/proc/thread-self/ns/uts"); err != nil {
			return err
		}
		if _, err := must("setns", uint64(ns.Fd()), flags); err != nil {
			return err
		}
		return noteNamespaces(f)
	}
}

func wantRejoin(_ *world, f *facts) []told {
	away := namespaceOf(f, cloneNewUTS, 0)
	away.UTSNS = uint32(f.N["left"])
	return []told{{kind: decode.KindNamespace, event: away}, {kind: decode.KindNamespace, event: namespaceOf(f, cloneNewUTS, 1)}}
}

func namespaceRows() []row {
	kinds := []decode.Kind{decode.KindNamespace, decode.KindCredentials}
	const most = cloneNewNS | cloneNewCgroup | cloneNewUTS | cloneNewIPC | cloneNewNet
	return []row{
		{
			name: "unshare of most", kinds: kinds,
			cause: func(f *facts) error {
				const cloneFiles = 0x400 // not a namespace
				if _, err := must("unshare", most|cloneFiles); err != nil {
					return err
				}
				return noteNamespaces(f)
			},
			want: func(_ *world, f *facts) []told {
				return []told{{kind: decode.KindNamespace, event: namespaceOf(f, most, 0)}}
			},
		},
		{
			name: "unshare of the user namespace", kinds: kinds,
			cause: unshareUser,
			want: func(_ *world, f *facts) []told {
				// All capabilities in the new namespace; the exec takes them away, since root is not mapped.
				first := decode.Credentials{Before: idsOf(f, "before "), After: idsOf(f, "before ")}
				first.After.CapEffective, first.After.CapPermitted, first.After.UserNS = f.N["all"], f.N["all"], uint32(f.N["user"])
				second := decode.Credentials{Before: first.After, After: first.After}
				second.After.CapEffective, second.After.CapPermitted = 0, 0
				return []told{
					{kind: decode.KindCredentials, by: "child", event: first},
					{kind: decode.KindNamespace, by: "child", event: namespaceOf(f, cloneNewUser, 0)},
					{kind: decode.KindCredentials, by: "child", event: second},
				}
			},
		},
		{name: "setns by type", kinds: kinds, cause: rejoin(cloneNewUTS), want: wantRejoin},
		{name: "setns of any type", kinds: kinds, cause: rejoin(0), want: wantRejoin},
		{
			name: "unshare of no namespace or that fails", kinds: kinds,
			cause: func(*facts) error {
				if _, err := must("unshare", 0x400); err != nil { // CLONE_FILES
					return err
				}
				if _, errno := call("unshare", cloneNewUser); errno != syscall.EINVAL { // this process has threads
					return fmt.Errorf("unshare: %w", errno)
				}
				if _, errno := call("setns", nowhere, 0); errno != syscall.EBADF {
					return fmt.Errorf("setns: %w", errno)
				}
				return nil
			},
			want: nothing,
		},
	}
}

// unshareUser makes a child leave the user namespace between fork and exec: only a single thread may.
func unshareUser(f *facts) error {
	b, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err != nil {
		return err
	}
	last, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return err
	}
	f.N["all"] = 1<<(last+1) - 1
	if err := ids(f, "before "); err != nil {
		return err
	}
	its, pid, err := runChild("where", &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWUSER})
	if err != nil {
		return err
	}
	f.N["child"] = uint64(pid)
	for _, n := range namespaces {
		f.N[n] = its.N[n]
	}
	return nil
}

func renameRow() row {
	return row{
		name: "prctl name", kinds: []decode.Kind{decode.KindRenameTask},
		cause: func(*facts) error {
			const setName, getName = 15, 16
			if _, err := must("prctl", setName, addressOf(text("kworker/0:1-longer"))); err != nil {
				return err
			}
			_, err := must("prctl", getName, addressOf(make([]byte, 16)))
			return err
		},
		want: func(*world, *facts) []told {
			return []told{{kind: decode.KindRenameTask, event: decode.RenameTask{}, texts: []string{"kworker/0:1-lon"}}}
		},
	}
}

// unified finds where cgroup v2 is mounted.
func unified() string {
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1]
		}
	}
	return ""
}

func cgroupRow() row {
	return row{
		name: "cgroup made and removed", kinds: []decode.Kind{decode.KindCgroup},
		skip: func() string {
			if unified() == "" {
				return "cgroup v2 is not mounted"
			}
			return ""
		},
		cause: func(f *facts) error {
			f.S["name"] = "/vigil-test-" + strconv.Itoa(os.Getpid())
			dir := filepath.Join(unified(), f.S["name"])
			if err := os.Mkdir(dir, 0o755); err != nil {
				return err
			}
			var err error
			f.N["id"], err = inode(dir)
			return errors.Join(err, os.Remove(dir))
		},
		want: func(_ *world, f *facts) []told {
			made := decode.Cgroup{ID: f.N["id"]} // hierarchy 0 is v2
			removed := made
			removed.Removed = 1
			return []told{
				{kind: decode.KindCgroup, event: made, texts: []string{f.S["name"]}},
				{kind: decode.KindCgroup, event: removed, texts: []string{f.S["name"]}},
			}
		},
	}
}
