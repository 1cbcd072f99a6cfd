package qemu

import (
	"bufio"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// A File is copied into the guest: a file, or a folder with all below it.
type File struct {
	Host, Guest string
}

// writeImage writes the guest's first file system.
//
// It is not compressed: the guest would have to unpack it in emulation, which
// takes longer than the copy that is saved.
func (m *Machine) writeImage(w io.Writer) error {
	buffered := bufio.NewWriterSize(w, 1<<20)
	a := newArchive(buffered)
	if err := errors.Join(m.addSystem(a), m.addModules(a), m.addFiles(a), a.close()); err != nil {
		return err
	}
	return buffered.Flush()
}

func (m *Machine) addSystem(a *archive) error {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return fmt.Errorf("find the guest's shell: %w", err)
	}
	var all []error
	for _, name := range []string{"dev", "etc", "mnt", "out", "proc", "root", "run", "sys", "tmp"} {
		all = append(all, a.dir(name, 0o755))
	}
	return errors.Join(append(all,
		// The kernel opens it for the first process, before anything is mounted.
		a.char("dev/console", 0o600, 5, 1),
		a.text("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
		a.text("etc/group", 0o644, "root:x:0:\nnogroup:x:65534:\n"),
		a.text("etc/hosts", 0o644, "127.0.0.1 localhost vigil-vm\n::1 localhost\n"),
		a.text("init", 0o755, initScript),
		a.text(guestCommand, 0o644, commandScript(m.Env, m.Command)),
		addFile(a, busybox, "bin/busybox"),
		a.symlink("bin/sh", "busybox"),
		// One folder of programs under all its names: the kernel calls /sbin/modprobe.
		a.symlink("sbin", "bin"),
		a.symlink("usr/bin", "../bin"),
		a.symlink("usr/sbin", "../bin"),
	)...)
}

// addModules adds the modules, and the tables with which modprobe finds one
// when the kernel or the command asks for it.
func (m *Machine) addModules(a *archive) error {
	release, err := m.release()
	if err != nil {
		return err
	}
	names, err := os.ReadFile(filepath.Join(m.Kernel, "modules"))
	if err != nil {
		return fmt.Errorf("read the list of modules: %w", err)
	}
	load := m.Load
	if len(load) == 1 && load[0] == "all" {
		load = strings.Fields(strings.ReplaceAll(string(names), ".ko\n", "\n"))
	}
	all := []error{a.text(guestLoad, 0o644, strings.Join(append(load, ""), "\n"))}
	tables := []string{"modules.dep", "modules.alias", "modules.symbols"}
	for _, name := range append(strings.Fields(string(names)), tables...) {
		all = append(all, copyFile(a, filepath.Join(m.Kernel, name), path.Join("lib/modules", release, name)))
	}
	return errors.Join(all...)
}

func (m *Machine) addFiles(a *archive) error {
	var all []error
	for _, f := range m.Files {
		all = append(all, add(a, f))
	}
	return errors.Join(all...)
}

func add(a *archive, f File) error {
	info, err := os.Stat(f.Host)
	if err != nil {
		return fmt.Errorf("add to the guest: %w", err)
	}
	if !info.IsDir() {
		return addFile(a, f.Host, f.Guest)
	}
	top, err := filepath.EvalSymlinks(f.Host)
	if err != nil {
		return fmt.Errorf("add to the guest: %w", err)
	}
	return filepath.WalkDir(top, func(host string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("add to the guest: %w", err)
		}
		guest := path.Join(f.Guest, filepath.ToSlash(strings.TrimPrefix(host, top)))
		switch entry.Type() {
		case fs.ModeDir:
			return a.dir(guest, 0o755)
		case fs.ModeSymlink:
			target, err := os.Readlink(host)
			if err != nil {
				return fmt.Errorf("add to the guest: %w", err)
			}
			return a.symlink(guest, target)
		default:
			return copyFile(a, host, guest)
		}
	})
}

// addFile adds a file that has to run by itself if it is a program.
func addFile(a *archive, host, guest string) error {
	if program, err := elf.Open(host); err == nil {
		defer func() { _ = program.Close() }()
		for _, segment := range program.Progs {
			if segment.Type == elf.PT_INTERP {
				return fmt.Errorf("add %s to the guest: it is not static, and the guest has no libraries", host)
			}
		}
	}
	return copyFile(a, host, guest)
}

func copyFile(a *archive, host, guest string) error {
	f, err := os.Open(host)
	if err != nil {
		return fmt.Errorf("add to the guest: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("add to the guest: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("add %s to the guest: not a regular file", host)
	}
	return a.file(guest, info.Mode(), info.Size(), f)
}
