package qemu

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
)

// unpack puts the folders and regular files of a tar into the folder dir, and
// nothing outside of it; links and devices are passed over.
func unpack(r io.Reader, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("take the guest's files: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("take the guest's files: %w", err)
	}
	defer func() { _ = root.Close() }()
	files := tar.NewReader(r)
	for first := true; ; first = false {
		header, err := files.Next()
		if errors.Is(err, io.EOF) && !first {
			return nil
		}
		if err != nil {
			return fmt.Errorf("take the guest's files: %w", err)
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(header.Name, 0o755)
		case tar.TypeReg:
			err = save(root, header, files)
		}
		if err != nil {
			return fmt.Errorf("take the guest's files: %w", err)
		}
	}
}

func save(root *os.Root, header *tar.Header, r io.Reader) (err error) {
	f, err := root.OpenFile(header.Name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, header.FileInfo().Mode().Perm())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, r)
	return err
}
