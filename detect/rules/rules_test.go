package rules

import (
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// file is a rule as it lies on the disk, read plainly.
type file struct {
	path           string
	Title          string
	ID             string
	Name           string
	Status         string
	Description    string
	Author         string
	Date           string
	Tags           []string
	Logsource      struct{ Product, Category string }
	Detection      map[string]any
	Falsepositives []string
	Level          string
	Vigil          struct {
		ID, Next, Defender string
		Cases              []struct {
			Name  string
			Match *bool
			Event map[string]any
		}
	}
}

func load(t *testing.T) []file {
	t.Helper()
	names, err := fs.Glob(FS(), "*/*.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d rules: %v", len(names), err)
	}
	all := make([]file, len(names))
	for i, name := range names {
		text, err := fs.ReadFile(FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalWithOptions(text, &all[i], yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[i].path = name
	}
	return all
}

// fields are those of the sensor's events, by category.
func fields() map[string]string {
	return map[string]string{
		"process_creation":   "Image CommandLine CurrentDirectory User ProcessId ParentProcessId ParentImage ParentCommandLine LogonId Script Interpreter ImageFlags Stdin Stdout Stderr Uid Euid Gid LoginUid Tty ContainerId ContainerImage FirstArgument",
		"file_event":         "TargetFilename SourceFilename Operation Created Image CommandLine User ProcessId ParentImage ParentCommandLine",
		"file_access":        "TargetFilename Image CommandLine User",
		"file_delete":        "TargetFilename Image CommandLine User",
		"file_change":        "TargetFilename Operation Mode Attribute Image CommandLine User",
		"network_connection": "DestinationIp DestinationPort DestinationHostname SourceIp SourcePort Protocol Initiated Image CommandLine User",
		"listen":             "SourceIp SourcePort Operation Image CommandLine User",
		"dns_query":          "QueryName QueryType QueryResults Image",
		"driver_load":        "ImageLoaded ModuleName FromMemory Image User",
		"memory":             "Operation Anonymous WasWritable Shared TargetFilename Image",
		"process_access":     "Operation TargetProcessId Image User Signal",
		"credential_change":  "Uid NewUid NewEuid CapabilitiesGained Image",
		"namespace_change":   "Operation Image User",
		"mount":              "Operation Source Target FileSystem Image User ContainerId",
		"kernel":             "Operation Name Value Image User",
	}
}

// used collects the fields that a part of a detection names.
func used(part any, into map[string]bool) {
	switch v := part.(type) {
	case map[string]any:
		for key := range v {
			name, _, _ := strings.Cut(key, "|")
			into[name] = true
		}
	case []any:
		for _, one := range v {
			used(one, into)
		}
	}
}

func TestFiles(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	technique := regexp.MustCompile(`^attack\.t\d{4}(\.\d{3})?$`)
	seen := map[string]string{}
	for _, f := range load(t) {
		for _, name := range []string{f.ID, f.Title, f.Name} {
			if other := seen[name]; name != "" && other != "" {
				t.Errorf("%s: %q is also that of %s", f.path, name, other)
			}
			seen[name] = f.path
		}
		tactic := path.Dir(f.path)
		for what, ok := range map[string]bool{
			"title": f.Title != "" && len(f.Title) <= 110, "id": uuid.MatchString(f.ID), "name": strings.HasPrefix(f.Name, "vigil-") && f.Name == f.Vigil.ID,
			"status": slices.Contains([]string{"stable", "test", "experimental"}, f.Status),
			"date":   f.Date == "2026-11-26", "author": f.Author == "Vigil", "description": len(f.Description) > 30,
			"tactic":          slices.Contains(f.Tags, "attack."+tactic),
			"technique":       slices.ContainsFunc(f.Tags, technique.MatchString),
			"false positives": len(f.Falsepositives) > 0, "next": len(f.Vigil.Next) > 20,
			"level":   slices.Contains([]string{"informational", "low", "medium", "high"}, f.Level),
			"product": f.Logsource.Product == "linux", "category": fields()[f.Logsource.Category] != "",
		} {
			if !ok {
				t.Errorf("%s: %s is missing or wrong", f.path, what)
			}
		}
		if condition, ok := f.Detection["condition"].(string); !ok || condition == "" {
			t.Errorf("%s: no condition", f.path)
		}
		f.checkFields(t)
		f.checkCases(t)
	}
}

func (f *file) checkFields(t *testing.T) {
	known := strings.Fields(fields()[f.Logsource.Category])
	names := map[string]bool{}
	for key, part := range f.Detection {
		if key != "condition" {
			used(part, names)
		}
	}
	for _, c := range f.Vigil.Cases {
		used(c.Event, names)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !slices.Contains(known, name) {
			t.Errorf("%s: %s has no field %q", f.path, f.Logsource.Category, name)
		}
	}
}

func (f *file) checkCases(t *testing.T) {
	fires, silent := 0, 0
	for _, c := range f.Vigil.Cases {
		switch {
		case c.Name == "" || c.Match == nil || len(c.Event) == 0:
			t.Errorf("%s: case %q lacks a name, match or event", f.path, c.Name)
		case *c.Match:
			fires++
		default:
			silent++
		}
	}
	if fires == 0 || silent == 0 {
		t.Errorf("%s: %d cases fire, %d stay silent: at least one each", f.path, fires, silent)
	}
}
