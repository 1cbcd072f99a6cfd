package export

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// samples are an item of each kind, and what else there is.
func samples() []Item {
	items := []Item{alert("Web shell | with = pipes")}
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		items = append(items, event(k))
	}
	// One that failed, over IPv6.
	r := recordtest.Decoded(decode.KindConnect, decode.Socket{Ends: recordtest.Ends("[2001:db8::1]:40000", "[2001:db8::2]:443"), Result: -111})
	failed := event(decode.KindConnect)
	failed.JSON = decode.AppendJSON(nil, r, someone())
	return append(items, failed)
}

// golden compares with a file of testdata; VIGIL_GOLDEN=write writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if os.Getenv("VIGIL_GOLDEN") == "write" {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("%s, line %d:\n got %s\nwant %s", name, i+1, a[i], b[i])
			}
		}
		t.Fatalf("%s has %d lines, got %d", name, len(b), len(a))
	}
}

func TestCEF(t *testing.T) {
	r := newReader()
	c := newCEF(r)
	var out []byte
	for _, i := range samples() {
		r.read(&i)
		out = append(c.append(out), '\n')
	}
	golden(t, "cef.golden", out)
	used := string(out)
	for _, r := range cefRows {
		if !strings.Contains(used, "|"+r.name+"=") && !strings.Contains(used, " "+r.name+"=") {
			t.Errorf("no item has %s: the row's path leads nowhere", r.name)
		}
	}
}

func TestECS(t *testing.T) {
	e := newECS(false)
	var out []byte
	used := map[string]bool{}
	for _, i := range samples() {
		from := len(out)
		out = append(e.append(out, &i), '\n')
		var v map[string]any
		if err := json.Unmarshal(out[from:], &v); err != nil {
			t.Fatalf("%v in %s", err, out[from:])
		}
		flatten(v, "", used)
	}
	golden(t, "ecs.golden", out)
	for _, r := range ecsRows {
		if !used[r.name] {
			t.Errorf("no item has %s: the row's path leads nowhere", r.name)
		}
	}
}

func flatten(v map[string]any, prefix string, names map[string]bool) {
	for name, below := range v {
		if object, ok := below.(map[string]any); ok {
			flatten(object, prefix+name+".", names)
		} else {
			names[prefix+name] = true
		}
	}
}

// Each object is opened once, for which the rows' order must put its members together.
func TestECSRowsAreInOrder(t *testing.T) {
	names := make([]string, 0, len(ecsRows))
	for _, r := range ecsRows {
		names = append(names, strings.ReplaceAll(r.name, ".", "\x00"))
	}
	if !slices.IsSorted(names) {
		t.Error("not in the order of names")
	}
	if len(slices.Compact(names)) != len(ecsRows) {
		t.Error("a name is there twice")
	}
}

func TestECSOriginal(t *testing.T) {
	i := alert("x")
	var v struct {
		Event struct {
			Original string `json:"original"`
			Kind     string `json:"kind"`
		} `json:"event"`
	}
	if err := json.Unmarshal(newECS(true).append(nil, &i), &v); err != nil || v.Event.Kind != "alert" {
		t.Fatalf("%v: %+v", err, v)
	}
	var a, b any
	if json.Unmarshal([]byte(v.Event.Original), &a) != nil || json.Unmarshal(i.JSON, &b) != nil || !equalJSON(a, b) {
		t.Errorf("original is not the item: %s", v.Event.Original)
	}
}

func equalJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}
