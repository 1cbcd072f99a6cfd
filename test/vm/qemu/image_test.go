package qemu

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestImageFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	one := write("one", "1")
	write("tree/sub/two", "2")
	if err := os.Symlink("sub/two", filepath.Join(dir, "tree", "link")); err != nil {
		t.Fatal(err)
	}
	kernel := filepath.Join(dir, "kernel")
	write("kernel/release", "6.12.9-x\n")
	write("kernel/modules", "b.ko\na.ko\n")
	for _, name := range []string{"a.ko", "b.ko", "modules.dep", "modules.alias", "modules.symbols"} {
		write("kernel/"+name, name)
	}

	m := Machine{Kernel: kernel, Load: []string{"all"}, Files: []File{
		{Host: one, Guest: "/data/one"},
		{Host: filepath.Join(dir, "tree"), Guest: "/tree"},
	}}
	var out bytes.Buffer
	a := newArchive(&out)
	for _, err := range []error{m.addModules(a), m.addFiles(a), a.close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := list(t, out.Bytes())
	for _, want := range []string{
		`100644 0:0 vm/load "b\na\n"`,
		`100644 0:0 lib/modules/6.12.9-x/a.ko "a.ko"`,
		`100644 0:0 lib/modules/6.12.9-x/modules.dep "modules.dep"`,
		`100644 0:0 data/one "1"`,
		`040755 0:0 tree/sub ""`,
		`100644 0:0 tree/sub/two "2"`,
		`120777 0:0 tree/link "sub/two"`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no entry %s in\n%s", want, strings.Join(got, "\n"))
		}
	}

	missing := Machine{Files: []File{{Host: filepath.Join(dir, "missing"), Guest: "/x"}}}
	if err := missing.addFiles(newArchive(&out)); err == nil {
		t.Error("a file that is not there is no error")
	}
}
