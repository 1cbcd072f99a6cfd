//go:build linux

package capture

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"vigil/decode"
)

func unsafeBytes(words []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
}

// place is where a situation is brought about: a directory of its own, in a
// mount namespace of its own.
type place struct {
	dir     string
	program string // the witness: static, so that it runs in any root
	report  pathReport
}

type causeError struct{ error }

func (p *place) must(err error) {
	if err != nil {
		panic(causeError{err})
	}
}

// begin ends the preparations.
func (p *place) begin() { p.report.Begin = bootTime() }

func (p *place) skip(why string) { p.report.Skip = why }

// spot is a name as it is given to a system call, and what it means.
type spot struct {
	at    int    // descriptor of the directory
	base  string // whole path of that directory
	given string
	whole string
}

// absolute is a spot that is given by its whole path.
func absolute(path string) spot { return spot{at: unix.AT_FDCWD, given: path, whole: path} }

// relative is a spot given from the directory that the process is in.
func relative(base, name string) spot { return under(unix.AT_FDCWD, base, name) }

// under is a spot given from an open directory.
func under(at int, base, name string) spot { return spot{at, base, name, join(base, name)} }

// called is a spot that is given in another way than its whole path says.
func (s spot) means(whole string) spot {
	s.whole = whole
	return s
}

func join(base, name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return strings.TrimSuffix(base, "/") + "/" + name
}

func (s spot) raw() []byte { return []byte(join(s.base, s.given)) }

func (p *place) want(kind decode.Kind, text int, path string) *want {
	p.report.Wants = append(p.report.Wants, want{Kind: kind, Text: text, Path: []byte(path)})
	return &p.report.Wants[len(p.report.Wants)-1]
}

// flag adds flags to the last n wants.
func (p *place) flag(n int, flags uint16) {
	for i := range p.report.Wants[len(p.report.Wants)-n:] {
		w := &p.report.Wants[len(p.report.Wants)-n+i]
		w.Flags |= flags
		w.Cut = w.Cut || flags&decode.EventPathCut != 0
	}
}

func (p *place) open(s spot, flags int) int {
	fd, err := unix.Openat(s.at, s.given, flags|unix.O_CLOEXEC, 0o600)
	p.must(err)
	return fd
}

// write writes to what is open and closes it.
func (p *place) write(fd int) {
	_, err := unix.Write(fd, []byte("five\n"))
	p.must(err)
	p.must(unix.Close(fd))
}

// put opens for writing, writes and closes: two wants.
func (p *place) put(s spot, flags int) {
	p.write(p.open(s, flags|unix.O_WRONLY))
	p.want(decode.KindFileOpen, decode.FilePathText, s.whole)
	p.want(decode.KindFileWrite, decode.FilePathText, s.whole)
}

// create is put of a new file.
func (p *place) create(s spot) { p.put(s, unix.O_CREAT|unix.O_EXCL) }

func (p *place) byName(kind decode.Kind, text int, s spot) { p.want(kind, text, s.whole).Raw = s.raw() }

// rename makes two wants.
func (p *place) rename(from, to spot) {
	p.must(unix.Renameat(from.at, from.given, to.at, to.given))
	p.byName(decode.KindFileRename, decode.FilePairFromText, from)
	p.byName(decode.KindFileRename, decode.FilePairToText, to)
}

// link makes two wants.
func (p *place) link(from, to spot) {
	p.must(unix.Linkat(from.at, from.given, to.at, to.given, 0))
	p.byName(decode.KindFileLink, decode.FilePairFromText, from)
	p.byName(decode.KindFileLink, decode.FilePairToText, to)
}

// symlink makes two wants.
func (p *place) symlink(target string, s spot) {
	p.must(unix.Symlinkat(target, s.at, s.given))
	p.byName(decode.KindFileSymlink, decode.FilePairFromText, spot{given: "/", whole: target})
	p.report.Wants[len(p.report.Wants)-1].Raw = []byte(target)
	p.byName(decode.KindFileSymlink, decode.FilePairToText, s)
}

func (p *place) mkdir(s spot) {
	p.must(unix.Mkdirat(s.at, s.given, 0o700))
	p.byName(decode.KindFileMkdir, decode.FilePathText, s)
}

func (p *place) unlink(s spot, flags int) {
	p.must(unix.Unlinkat(s.at, s.given, flags))
	p.byName(decode.KindFileUnlink, decode.FilePathText, s)
}

// change does all there is to do by name, at spots in one directory: ten wants and two.
func (p *place) change(at func(name string) spot) {
	a, b, c, d, l := at("a"), at("b"), at("c"), at("d"), at("l")
	p.create(a)
	p.rename(a, b)
	p.link(b, c)
	p.symlink("../to \xff\n", l)
	p.mkdir(d)
	p.unlink(b, 0)
	p.unlink(d, unix.AT_REMOVEDIR)
}

// changes is how many wants change makes.
const changes = 11

// in gives absolute spots in a directory.
func in(dir string) func(string) spot {
	return func(name string) spot { return absolute(join(dir, name)) }
}

// run starts the witness, as given, in the directory that the process is in: two wants.
func (p *place) run(program, whole, cwd string, flags uint32, attributes *syscall.SysProcAttr, dir string) {
	cmd := &exec.Cmd{Path: program, Args: []string{"witness", "leaf", "0"}, SysProcAttr: attributes, Dir: dir}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stderr, os.Stderr // not /dev/null, which may be out of reach
	p.must(cmd.Run())
	p.want(decode.KindExec, decode.ExecPathText, whole).Exec = flags
	p.want(decode.KindExec, decode.ExecCWDText, cwd).Exec = flags
}

func (p *place) chdir(dir string) { p.must(unix.Chdir(dir)) }

func (p *place) mount(source, target, kind string, flags uintptr, data string) {
	p.must(unix.Mount(source, target, kind, flags, data))
}

// directory prepares a directory in the place.
func (p *place) directory(name string) string {
	dir := join(p.dir, name)
	p.must(os.MkdirAll(dir, 0o755))
	return dir
}

// copyProgram puts the witness somewhere.
func (p *place) copyProgram(to string) string {
	program, err := os.ReadFile(p.program)
	p.must(err)
	p.must(os.WriteFile(to, program, 0o755))
	return to
}

// chain makes directories within each other until the path has n bytes, or depth
// names, and gives it. The process is then in the last.
func (p *place) chain(name string, bytes, depth int) string {
	path := p.dir
	p.chdir(path)
	for range depth {
		if len(path)+1 >= bytes {
			break
		}
		short := name[:min(len(name), bytes-len(path)-1)]
		if rest := bytes - len(path) - 1 - len(short); rest == 1 {
			short = short[:len(short)-1] // no room would be left for a slash and a name
		}
		p.must(unix.Mkdir(short, 0o755))
		p.chdir(short)
		path += "/" + short
	}
	return path
}
