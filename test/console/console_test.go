package console

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

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

// fonts makes what pages call the system's font one that looks alike everywhere.
const fonts = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<dir>/usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir>
<match><test name="family"><string>system-ui</string></test><edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
</fontconfig>`

// The screenshots are left in shots, which git ignores.
func TestConsole(t *testing.T) {
	if os.Getenv("QUICK") != "" {
		t.Skip("QUICK=1")
	}
	tools, chromium := tool(t, "node"), tool(t, "chromium")
	w := newWorld(t)
	shots, err := filepath.Abs("shots")
	must(t, err)
	must(t, os.MkdirAll(shots, 0o755))
	config := filepath.Join(t.TempDir(), "fonts.conf")
	must(t, os.WriteFile(config, []byte(fonts), 0o600))
	cmd := exec.CommandContext(t.Context(), "node", "walk/walk.mjs")
	cmd.Env = append(os.Environ(), "VIGIL_TOOLS="+tools, "VIGIL_CHROMIUM="+chromium, "VIGIL_URL="+w.server.URL, "VIGIL_CONTROL="+w.control().URL,
		"VIGIL_PASSWORD="+password, "VIGIL_SHOTS="+shots, "FONTCONFIG_FILE="+config, "TZ=UTC", "VIGIL_HOSTILE_SENSOR="+w.sensors[image])
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Run(); err != nil {
		t.Fatalf("the walk failed: %v", err)
	}
}
