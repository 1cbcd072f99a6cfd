//go:build linux

package capture

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"vigil/decode"
)

// situations are ways for a path to be hard to tell. Each really is brought about.
func situations() map[string]func(*place) {
	long := strings.Repeat("n", 255)
	return map[string]func(*place){
		"plain": func(p *place) {
			p.begin()
			p.change(in(p.dir))
			p.chdir(p.dir)
			p.run(p.program, p.program, p.dir, 0, nil, "")
		},
		"names of 255 bytes": func(p *place) {
			p.begin()
			p.create(absolute(join(p.dir, long)))
			p.rename(absolute(join(p.dir, long)), absolute(join(p.dir, strings.Repeat("\xc3", 255))))
		},
		"newlines, control characters, invalid UTF-8": func(p *place) {
			dir := p.directory("a\nb\t\x1b[31m\"\\\xff\xfe\xc0\xaf \x7f é")
			program := p.copyProgram(join(dir, "run\n\xff"))
			p.begin()
			p.change(in(dir))
			p.chdir(dir)
			p.run(program, program, dir, 0, nil, "")
		},
		"path of 4000 bytes": func(p *place) {
			dir := p.chain(long, 4000-2, 96)
			program := p.copyProgram(join(dir, "p"))
			p.begin()
			p.change(in(dir))
			p.change(func(name string) spot { return relative(dir, name+"2") })
			p.run(program, program, dir, 0, nil, "")
		},
		"path of more than 4096 bytes": func(p *place) {
			dir := p.chain(long, 6000, 96)
			p.copyProgram("p")
			p.begin()
			p.change(func(name string) spot { return relative(dir, name) })
			p.flag(changes, decode.EventPathCut)
			p.run("./p", join(dir, "p"), dir, decode.ExecCWDDetached, nil, "")
			p.flag(2, decode.EventPathCut)
		},
		"long names from a long directory": func(p *place) {
			dir := p.chain(long, 4000, 96)
			below := strings.TrimSuffix(strings.Repeat(long+"/", 15), "/")
			p.chain2(below)
			p.chdir(dir) // by its path, which is short enough
			p.begin()
			p.change(func(name string) spot { return relative(dir, join(below, name)) })
			p.flag(changes, decode.EventPathCut)
		},
		"90 names": func(p *place) {
			p.deep(90-strings.Count(p.dir, "/"), 0)
		},
		"200 names": func(p *place) {
			p.deep(200, decode.EventPathCut)
		},
		"root": func(p *place) {
			p.mount("tmpfs", p.dir, "tmpfs", 0, "")
			program := p.copyProgram(join(p.dir, "program"))
			p.directory("old")
			p.chdir(p.dir)
			p.must(unix.PivotRoot(".", "old"))
			p.chdir("/")
			p.begin()
			p.change(in("/"))
			p.change(func(name string) spot { return relative("/", name+"2") })
			program = strings.TrimPrefix(program, p.dir)
			p.run(program, program, "/", 0, nil, "")
		},
		"bind mount of a directory": func(p *place) {
			from, to := p.directory("from/sub"), p.directory("to")
			program := p.copyProgram(join(from, "program"))
			p.mount(join(p.dir, "from"), to, "", unix.MS_BIND, "")
			p.chdir(join(to, "sub"))
			p.begin()
			p.change(in(join(to, "sub")))
			p.run(join(to, "sub/program"), join(to, "sub/program"), join(to, "sub"), 0, nil, "")
			p.put(absolute(program), 0) // the same file by its other name
		},
		"bind mount of a file": func(p *place) {
			program, to := p.copyProgram(join(p.dir, "program")), join(p.dir, "to")
			p.must(os.WriteFile(to, nil, 0o755))
			p.mount(program, to, "", unix.MS_BIND, "")
			p.begin()
			p.run(to, to, p.dir, 0, nil, p.dir)
			p.put(absolute(to), 0)
		},
		"mounts on mounts": func(p *place) {
			dir := p.directory("m")
			p.mount("tmpfs", dir, "tmpfs", 0, "")
			p.mount("tmpfs", dir, "tmpfs", 0, "")
			sub := p.directory("m/sub")
			p.mount("tmpfs", sub, "tmpfs", 0, "")
			p.mount("tmpfs", sub, "tmpfs", 0, "")
			p.begin()
			p.change(in(sub))
		},
		"chroot": func(p *place) {
			jail := p.directory("jail/sub")
			program := p.copyProgram(join(p.dir, "jail/program"))
			p.begin()
			p.run("/program", program, jail, decode.ExecChroot, &syscall.SysProcAttr{Chroot: join(p.dir, "jail")}, "/sub")
			p.must(unix.Chroot(join(p.dir, "jail")))
			p.chdir("/sub")
			p.change(func(name string) spot { return absolute("/sub/" + name).means(join(jail, name)) })
			p.change(func(name string) spot { return relative(jail, name+"2") })
		},
		"overlay": overlay,
		"deleted": func(p *place) {
			program := p.copyProgram(join(p.dir, "program"))
			held := p.open(absolute(program), unix.O_PATH)
			p.begin()
			file := absolute(join(p.dir, "file"))
			fd := p.open(file, unix.O_CREAT|unix.O_WRONLY)
			p.want(decode.KindFileOpen, decode.FilePathText, file.whole)
			p.unlink(file, 0)
			p.write(fd)
			p.want(decode.KindFileWrite, decode.FilePathText, file.whole).Flags = decode.EventFileDeleted
			p.unlink(absolute(program), 0)
			p.run("/proc/self/fd/"+strconv.Itoa(p.dup(held)), program, p.dir, 0, nil, p.dir)
			p.flag(2, decode.EventFileDeleted)
		},
		"deleted directory": func(p *place) {
			dir := p.directory("gone")
			p.chdir(dir)
			p.must(unix.Rmdir(dir))
			p.begin()
			p.run(p.program, p.program, dir, decode.ExecCWDDetached, nil, "")
		},
		"renamed while open": func(p *place) {
			dir := p.directory("d")
			p.begin()
			a, b := join(dir, "a"), join(dir, "b")
			fd := p.open(absolute(a), unix.O_CREAT|unix.O_WRONLY)
			p.want(decode.KindFileOpen, decode.FilePathText, a)
			p.rename(absolute(a), absolute(b))
			p.write(fd)
			p.want(decode.KindFileWrite, decode.FilePathText, b)
		},
		"one file by many names": func(p *place) {
			a, b, c := absolute(join(p.dir, "a")), absolute(join(p.dir, "b")), absolute(join(p.dir, "c"))
			dir, moved, other := p.directory("dir"), join(p.dir, "moved"), p.directory("other")
			f := "f"
			p.mount(dir, other, "", unix.MS_BIND, "")
			p.begin()
			p.create(a)
			p.link(a, b)
			p.put(b, 0)
			p.rename(b, c)
			p.put(c, 0)
			p.create(absolute(join(dir, f)))
			p.put(absolute(join(other, f)), 0)
			p.must(unix.Unmount(other, 0))
			p.rename(absolute(dir), absolute(moved))
			p.put(absolute(join(moved, f)), 0)
		},
		"memfd": func(p *place) {
			p.begin()
			fd, err := unix.MemfdCreate("x\n\xff", 0)
			p.must(err)
			program, err := os.ReadFile(p.program)
			p.must(err)
			_, err = unix.Write(fd, program)
			p.must(err)
			p.run("/proc/self/fd/"+strconv.Itoa(fd), "/memfd:x\n\xff", p.dir, 0, nil, p.dir)
			p.must(unix.Close(fd))
			p.want(decode.KindFileWrite, decode.FilePathText, "/memfd:x\n\xff")
			p.flag(3, decode.EventFileMemfd|decode.EventPathDetached)
		},
		"shared memory": func(p *place) {
			p.mount("tmpfs", "/dev/shm", "tmpfs", 0, "")
			program := p.copyProgram("/dev/shm/program")
			p.begin()
			p.create(absolute("/dev/shm/file"))
			p.run(program, program, p.dir, 0, nil, p.dir)
			p.flag(4, decode.EventFileSHM)
		},
		"another mount": func(p *place) {
			p.mount("tmpfs", p.dir, "tmpfs", 0, "")
			dir := p.directory("sub")
			p.begin()
			p.change(in(dir))
		},
		"mount that is gone": func(p *place) {
			dir := p.directory("m")
			p.mount("tmpfs", dir, "tmpfs", 0, "")
			p.directory("m/sub")
			p.copyProgram(join(dir, "program"))
			p.chdir(dir)
			p.must(unix.Unmount(dir, unix.MNT_DETACH))
			p.begin()
			p.detached()
		},
		"mount that is nowhere": func(p *place) {
			dir := p.directory("m")
			p.mount("tmpfs", dir, "tmpfs", 0, "")
			p.directory("m/sub")
			p.copyProgram(join(dir, "program"))
			tree, err := unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
			p.must(err)
			p.must(unix.Fchdir(tree))
			p.begin()
			p.detached()
		},
		"dots and symbolic links": func(p *place) {
			dir := p.directory("real/deep")
			program := p.copyProgram(join(dir, "program"))
			p.must(os.Symlink("real/deep", join(p.dir, "link")))
			p.must(os.Symlink(join(dir, "a"), join(p.dir, "last")))
			crooked := func(name string) spot {
				return absolute(p.dir + "//link/../deep/./" + name).means(join(dir, name))
			}
			p.begin()
			p.change(crooked)
			p.put(absolute(join(p.dir, "last")).means(join(dir, "a")), unix.O_CREAT)
			p.chdir(join(p.dir, "link"))
			p.change(func(name string) spot { return relative(dir, "../deep/"+name+"2").means(join(dir, name+"2")) })
			p.run("../../link/program", program, dir, 0, nil, "")
		},
		"from an open directory": func(p *place) {
			dir := p.directory("dir")
			fd := p.open(absolute(dir), unix.O_DIRECTORY|unix.O_RDONLY)
			p.chdir("/")
			p.begin()
			p.change(func(name string) spot { return under(fd, dir, name) })
			moved := join(p.dir, "moved")
			p.rename(absolute(dir), absolute(moved))
			p.change(func(name string) spot { return under(fd, moved, name+"2") })
		},
		"file without a name": func(p *place) {
			p.begin()
			fd := p.open(absolute(p.dir), unix.O_TMPFILE|unix.O_WRONLY)
			name, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
			p.must(err)
			p.write(fd)
			name = strings.TrimSuffix(name, " (deleted)")
			p.want(decode.KindFileOpen, decode.FilePathText, name)
			p.want(decode.KindFileWrite, decode.FilePathText, name)
			p.flag(2, decode.EventFileDeleted)
		},
		"descriptor": func(p *place) {
			program := p.copyProgram(join(p.dir, "program"))
			p.begin()
			c, err := startChild("execat " + program)
			p.must(err)
			p.must(c.end())
			self, err := os.Readlink("/proc/self/exe")
			p.must(err)
			p.want(decode.KindExec, decode.ExecPathText, self)
			p.want(decode.KindExec, decode.ExecPathText, program).Exec = decode.ExecByDescriptor
		},
	}
}

// chain2 makes directories from a relative path, leaving the process in the last.
func (p *place) chain2(path string) {
	for name := range strings.SplitSeq(path, "/") {
		p.must(unix.Mkdir(name, 0o755))
		p.chdir(name)
	}
}

// deep does all there is to do in a directory so many names below the place.
func (p *place) deep(names int, flags uint16) {
	dir := p.chain("d", 4000, names)
	p.copyProgram("p")
	p.begin()
	p.change(in(dir))
	p.flag(changes, flags)
	var execFlags uint32
	if flags != 0 {
		execFlags = decode.ExecCWDDetached
	}
	p.run("./p", join(dir, "p"), dir, execFlags, nil, "")
	p.flag(2, flags)
}

// detached does all there is to do on a mount that has no place: the process is in its root.
func (p *place) detached() {
	p.change(func(name string) spot { return relative("/", name) })
	p.change(func(name string) spot { return relative("/", "sub/"+name+"2") })
	p.flag(2*changes, decode.EventPathDetached)
	p.run("./program", "/program", "/", decode.ExecCWDDetached, nil, "")
	p.flag(2, decode.EventPathDetached)
}

func (p *place) dup(fd int) int {
	n, err := unix.Dup(fd)
	p.must(err)
	return n
}

func overlay(p *place) {
	for _, name := range []string{"layers", "merged"} {
		p.directory(name)
	}
	p.mount("tmpfs", join(p.dir, "layers"), "tmpfs", 0, "") // an overlay's upper layer must not be one
	lower, upper, work, merged := p.directory("layers/lower"), p.directory("layers/upper"), p.directory("layers/work"), join(p.dir, "merged")
	p.copyProgram(join(lower, "program"))
	p.must(os.WriteFile(join(lower, "old"), []byte("from below"), 0o600))
	p.must(os.WriteFile(join(lower, "removed"), []byte("from below"), 0o600))
	err := unix.Mount("overlay", merged, "overlay", 0, "lowerdir="+lower+",upperdir="+upper+",workdir="+work)
	if errors.Is(err, unix.ENODEV) {
		p.skip("this kernel has no overlayfs")
		return
	}
	p.must(err)
	p.chdir(merged)
	p.begin()
	p.put(absolute(join(merged, "old")), unix.O_APPEND) // copied up first
	p.change(in(merged))
	p.unlink(absolute(join(merged, "removed")), 0)
	p.run(join(merged, "program"), join(merged, "program"), merged, 0, nil, "")
}

// execAt becomes the program by a descriptor alone.
func execAt(path string) error {
	fd, err := unix.Open(path, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	words := [][]byte{[]byte("witness\x00"), []byte("leaf\x00"), []byte("0\x00")}
	arguments := []*byte{&words[0][0], &words[1][0], &words[2][0], nil}
	empty := []byte{0}
	_, _, errno := unix.Syscall6(unix.SYS_EXECVEAT, uintptr(fd), uintptr(unsafe.Pointer(&empty[0])),
		uintptr(unsafe.Pointer(&arguments[0])), uintptr(unsafe.Pointer(&arguments[3])), unix.AT_EMPTY_PATH, 0)
	return errno
}
