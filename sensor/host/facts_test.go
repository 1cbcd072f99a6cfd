package host

import (
	"slices"
	"strings"
	"testing"
)

func TestCapabilities(t *testing.T) {
	have, missing := capabilities(1<<21|1<<39|1<<45, 40)
	if !slices.Equal(have, []string{"CAP_SYS_ADMIN", "CAP_BPF", "CAP_45"}) {
		t.Errorf("%v", have)
	}
	if !slices.Equal(missing, []string{"CAP_PERFMON", "CAP_SYS_RESOURCE", "CAP_SYS_PTRACE", "CAP_NET_ADMIN", "CAP_DAC_READ_SEARCH"}) {
		t.Errorf("%v", missing)
	}
	if have, missing := capabilities(1<<41-1, 40); len(have) != 41 || len(missing) != 0 {
		t.Errorf("root has %v, misses %v", have, missing)
	}
	if _, missing := capabilities(0, 37); slices.Contains(missing, "CAP_BPF") || len(missing) != 5 {
		t.Errorf("an old kernel asks for %v", missing)
	}
}

func TestSmallTexts(t *testing.T) {
	for text, want := range map[string]string{
		"[none] integrity confidentiality": "none", "none [integrity] confidentiality": "integrity",
		"none integrity [confidentiality]": "confidentiality", "": Unknown, "[": Unknown, "[else]": Unknown,
	} {
		if got := lockdown(text); got != want {
			t.Errorf("lockdown %q is %q", text, got)
		}
	}
	for text, want := range map[string]int{"0": 1, "0-3\n": 4, "0,2-3,8": 4, "": 0, "3-1": 0, "0-x": 0} {
		if got := countCPUs(text); got != want {
			t.Errorf("%q has %d CPUs", text, got)
		}
	}
	for text, want := range map[string]string{
		"ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n": "Debian GNU/Linux 12 (bookworm)",
		"PRETTY_NAME=Alpine": "Alpine", "PRETTY_NAME='Void'": "Void", "NAME=x": "",
	} {
		if got := prettyName(strings.NewReader(text)); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}
