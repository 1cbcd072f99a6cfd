package rule

import (
	"os"
	"path/filepath"
	"testing"
)

// shared finds the rules of SigmaHQ that lie beside the project, or skips.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := filepath.Abs("../..") // of the module
	if err != nil {
		t.Fatal(err)
	}
	places := []string{}
	if given := os.Getenv("VIGIL_SHARED"); given != "" {
		places = append(places, given)
	} else {
		for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
			places = append(places, filepath.Join(filepath.Dir(dir), "shared"))
		}
	}
	for _, place := range places {
		if found := filepath.Join(place, name); exists(found) {
			return found
		}
	}
	t.Skipf("no %s in a directory shared beside the module or above it, nor in VIGIL_SHARED", name)
	return ""
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// loadShared loads rules that must all be loadable.
func loadShared(t testing.TB, name string) []*Rule {
	t.Helper()
	rules, problems := Load(os.DirFS(shared(t, name)))
	for _, p := range problems {
		t.Errorf("%s", p)
	}
	return rules
}

func mustCompile(t testing.TB, rules []*Rule) *Set {
	t.Helper()
	s, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
