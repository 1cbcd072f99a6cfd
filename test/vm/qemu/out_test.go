package qemu

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func pack(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, header := range headers {
		header.Size = int64(len(header.Linkname)) // a file's content stands there
		content := header.Linkname
		if header.Typeflag == tar.TypeReg {
			header.Linkname = ""
		} else {
			header.Size, content = 0, ""
		}
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestUnpack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "out")
	data := pack(t,
		tar.Header{Typeflag: tar.TypeDir, Name: "./", Mode: 0o755},
		tar.Header{Typeflag: tar.TypeDir, Name: "./d/", Mode: 0o500},
		tar.Header{Typeflag: tar.TypeReg, Name: "./d/f", Mode: 0o640, Linkname: "content"},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "./link", Linkname: "/etc/passwd"},
	)
	if err := unpack(bytes.NewReader(data), dir); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "d", "f")); err != nil || string(got) != "content" {
		t.Errorf("d/f: %q, %v", got, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "link")); !os.IsNotExist(err) {
		t.Errorf("the link is there: %v", err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	file := tar.Header{Typeflag: tar.TypeReg, Name: "f", Mode: 0o600, Linkname: "content"}
	outside := file
	outside.Name = "../f"
	for name, data := range map[string][]byte{
		"nothing":          nil,
		"a part":           pack(t, file)[:515],
		"a file elsewhere": pack(t, outside),
	} {
		if err := unpack(bytes.NewReader(data), t.TempDir()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
