// Package layout holds the house's import rules (ARCHITECTURE.md) as a test.
package layout

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
	Deps       []string
}

// list asks the go command for the module's packages as one system builds them.
func list(t *testing.T, system string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Standard,Deps", "vigil/...")
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// room is the top-level directory of a package of this module; "" for others.
func room(path string) string {
	rest, ok := strings.CutPrefix(path, "vigil/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// mayImport says, by room, which other rooms it may import.
func mayImport() map[string]string {
	return map[string]string{
		"decode":  "",
		"bpf":     "",
		"etw":     "decode",
		"detect":  "decode",
		"sensor":  "decode detect bpf etw",
		"uplink":  "decode detect",
		"cmd":     "decode detect bpf etw sensor uplink",
		"scripts": "",
		"test":    "decode detect bpf etw sensor uplink",
	}
}

func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "vigil"
}

func TestImports(t *testing.T) {
	rules := mayImport()
	for _, system := range []string{"linux", "windows"} {
		for _, p := range list(t, system) {
			from := room(p.ImportPath)
			allowed, known := rules[from]
			if !known {
				t.Errorf("%s lies in a room that the design does not have", p.ImportPath)
				continue
			}
			for _, to := range p.Imports {
				switch target := room(to); {
				case from == "decode" && target == "" && !standard(to):
					t.Errorf("%s: decode imports the standard library only, not %s", system, to)
				case from == "bpf" && target == "" && !standard(to) && !strings.HasPrefix(to, "github.com/cilium/ebpf"):
					t.Errorf("%s: bpf imports cilium/ebpf only, not %s", system, to)
				case target != "" && target != from && !strings.Contains(" "+allowed+" ", " "+target+" "):
					t.Errorf("%s: %s must not import %s", system, p.ImportPath, to)
				case from == "detect" && target == "detect" && to != "vigil/detect" && !strings.HasPrefix(to, p.ImportPath+"/"):
					t.Errorf("%s: siblings under detect never import each other: %s imports %s", system, p.ImportPath, to)
				case from == "uplink" && target == "detect" && to != "vigil/detect":
					t.Errorf("%s: uplink imports the root of detect only: %s imports %s", system, p.ImportPath, to)
				}
			}
		}
	}
}

// The sensor's kernel side is Linux, its ETW side Windows: neither reaches the other's build.
func TestSystems(t *testing.T) {
	for system, never := range map[string]string{"linux": "vigil/etw", "windows": "vigil/bpf"} {
		for _, p := range list(t, system) {
			if p.ImportPath != "vigil/cmd/vigil" {
				continue
			}
			for _, d := range p.Deps {
				if d == never {
					t.Errorf("%s: the program depends on %s", system, never)
				}
			}
		}
	}
}

// Files are about 200 lines; none is above 700, no C file above 400, generated ones apart.
func TestFileSizes(t *testing.T) {
	out, err := exec.Command("git", "-C", "../..", "ls-files").Output()
	if err != nil {
		t.Skipf("no git here: %v", err)
	}
	for _, name := range strings.Fields(string(out)) {
		most := map[string]int{".go": 700, ".c": 400, ".h": 700}[filepath.Ext(name)]
		if most == 0 || strings.HasSuffix(name, "_gen.go") || strings.Contains(name, "_bpfel.go") {
			continue
		}
		text, err := os.ReadFile("../../" + name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n > most {
			t.Errorf("%s has %d lines: split it by topic", name, n)
		}
	}
}

// Nothing of the machine it was written on is in the project.
func TestNoPathOfTheMachine(t *testing.T) {
	out, err := exec.Command("git", "-C", "../..", "grep", "-lIE", "/work/(main|shared|\\.library)|deb\\.debian\\.org|proxy\\.golang\\.org|registry\\.npmjs\\.org", "--", ":!test/layout").Output()
	if len(out) > 0 {
		t.Errorf("these files name a path of the machine or a package registry: %s", out)
	} else if exit := (&exec.ExitError{}); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Skipf("no git here: %v", err)
	}
}
