// Package build builds vigil for tests that run it as people do.
package build

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Vigil makes the program and gives its path.
func Vigil(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vigil")
	cmd := exec.Command("go", "build", "-o", path, "vigil/cmd/vigil")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}
