// Package chromium walks pages in a real Chromium, by a script for Node with Playwright.
package chromium

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fonts makes what pages call the system's font one that looks alike everywhere.
const fonts = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<dir>/usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir>
<match><test name="family"><string>system-ui</string></test><edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
</fontconfig>`

// Walk runs a script of test/console/walk with what it needs in its environment, and
// fails the test when the script does. Pictures go below test/console/shots, which git
// ignores. With QUICK=1 it skips the test.
func Walk(t *testing.T, script, shots string, environment ...string) {
	t.Helper()
	if os.Getenv("QUICK") != "" {
		t.Skip("QUICK=1")
	}
	tools, chromium := tool(t, "node"), tool(t, "chromium")
	shots, err := filepath.Abs(filepath.Join("../console/shots", shots))
	must(t, err)
	must(t, os.MkdirAll(shots, 0o755))
	config := filepath.Join(t.TempDir(), "fonts.conf")
	must(t, os.WriteFile(config, []byte(fonts), 0o600))
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("../console/walk", script))
	cmd.Env = append(os.Environ(), "VIGIL_TOOLS="+tools, "VIGIL_CHROMIUM="+chromium, "VIGIL_SHOTS="+shots, "FONTCONFIG_FILE="+config, "TZ=UTC")
	cmd.Env = append(cmd.Env, environment...)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Run(); err != nil {
		t.Fatalf("the walk failed: %v", err)
	}
}

// tool runs a script of ours that finds a tool, and skips the test where QUICK=1 says not
// to install it.
func tool(t *testing.T, script string) string {
	t.Helper()
	out, err := exec.Command("../../scripts/" + script).Output()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) {
		if exit.ExitCode() == 3 {
			t.Skip(strings.TrimSpace(string(exit.Stderr)))
		}
		t.Fatalf("%s: %v: %s", script, err, exit.Stderr)
	}
	must(t, err)
	return strings.TrimSpace(string(out))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
