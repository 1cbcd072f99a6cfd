package simulate

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/goccy/go-yaml"

	"vigil/detect/rules"
)

// prefix begins the names of rules, and not those of their playbooks.
const prefix = "vigil-"

// event is the first case of a rule that it fires on, by Sigma's names of fields.
type event map[string]any

func (e event) text(name string) string { s, _ := e[name].(string); return s }

func (e event) number(name string) int {
	switch n := e[name].(type) {
	case uint64:
		return int(n)
	case int64:
		return int(n)
	}
	return 0
}

// ofRules makes a playbook of each rule whose event can be made here, or of the one
// rule that the name is given of.
func ofRules(only string) ([]Playbook, error) {
	names, err := fs.Glob(rules.FS(), "*/*.yml")
	if err != nil {
		return nil, fmt.Errorf("simulate: list the rules: %w", err)
	}
	var all []Playbook
	for _, name := range names {
		text, err := fs.ReadFile(rules.FS(), name)
		if err != nil {
			return nil, fmt.Errorf("simulate: read a rule: %w", err)
		}
		if only != "" && !bytes.Contains(text, []byte("\nname: "+only+"\n")) {
			continue // to read all of them as YAML takes longer than to play
		}
		p, err := ofRule(text)
		if err != nil {
			return nil, fmt.Errorf("simulate: read rule %s: %w", name, err)
		}
		if p.act != nil {
			all = append(all, p)
		}
	}
	return all, nil
}

// ofRule makes a playbook of a rule's first case that matches; no act where there is none.
func ofRule(text []byte) (Playbook, error) {
	var r struct {
		Name      string
		Logsource struct{ Category string }
		Vigil     struct {
			Cases []struct {
				Match bool
				Event event
			}
		}
	}
	if err := yaml.Unmarshal(text, &r); err != nil {
		return Playbook{}, err
	}
	for _, c := range r.Vigil.Cases {
		if !c.Match {
			continue
		}
		does, act := ofEvent(r.Logsource.Category, r.Name, c.Event)
		if act != nil && c.Event.text("ContainerId") != "" {
			once := act
			does += ", in a cgroup of its own that is named like a container's"
			act = func(s *stage) error { return s.contained(func() error { return once(s) }) }
		}
		p := Playbook{Name: strings.TrimPrefix(r.Name, prefix), Rules: []string{r.Name}, Does: does, act: act}
		if _, ok := c.Event["WasWritable"]; ok {
			p.Lacks = Lack{"mprotect", "tracepoint", "what memory was before is not told there"}
		}
		return p, nil
	}
	return Playbook{}, nil
}

// ofEvent tells how an event of a category is made; no act where that is not
// possible without an image of a container, a change of the kernel, or damage.
func ofEvent(category, rule string, e event) (string, func(*stage) error) {
	image, target := e.text("Image"), e.text("TargetFilename")
	as := "as " + path.Base(image)
	p := part{Path: target, From: e.text("SourceFilename"), Host: e.text("DestinationIp"), Port: e.number("DestinationPort")}
	does := ""
	switch category {
	case "process_creation":
		return ofProcess(e)
	case "file_event":
		p.Do = map[string]string{"rename": "rename", "symlink": "symlink", "link": "link"}[e.text("Operation")]
		if p.Do == "" {
			p.Do = "create"
		}
		does = "makes " + target + ", on a file system of its own, " + as
	case "file_access":
		if path.Dir(target) == "/proc" {
			return "", nil // it is the host's
		}
		p.Do, does = "read", "reads "+target+", which is not the host's, "+as
	case "file_delete":
		p.Do, does = "delete", "deletes "+target+", which is not the host's, "+as
	case "file_change":
		p.Do, p.Text = e.text("Operation"), e.text("Mode")+e.text("Attribute")
		does = p.Do + " of " + target + ", which is not the host's, " + as
	case "network_connection":
		p.Do, does = "connect", fmt.Sprintf("connects to %s, port %d, within a network of its own, %s", p.Host, p.Port, as)
	case "dns_query":
		p.Do, p.Text, does = "ask", e.text("QueryName"), "asks for "+e.text("QueryName")+" within a network of its own, "+as
	case "listen":
		p.Do, p.Port, does = e.text("Operation"), e.number("SourcePort"), e.text("Operation")+" within a network of its own, "+as
	case "memory", "process_access":
		p.Path = ""
		p.Do, p.Text, does = e.text("Operation"), strings.TrimSuffix(strings.TrimPrefix(target, "/memfd:"), " (deleted)"), e.text("Operation")+" of its own memory or child, "+as
	case "kernel":
		switch p.Do = e.text("Operation"); p.Do {
		case "bpf":
			does = "loads a filter that is attached to nothing and ends with it, " + as
		case "kexec":
			does = "asks for another kernel without the capability for it, which the kernel refuses, " + as
		case "sysctl":
			p.Do, p.Path, p.Text = "set", "/proc/sys/"+e.text("Name"), e.text("Value")
			does = "writes to " + p.Path + ", over which lies its own name, " + as
		}
	case "driver_load":
		if e.text("ImageLoaded") == "" || rule == "vigil-module-load" {
			return "", nil // only a module that the kernel takes has a name
		}
		p.Do, p.Path, does = "module", e.text("ImageLoaded"), "asks the kernel to load a file that is no module, which it refuses, "+as
	case "mount":
		p.Do, p.From, p.Text = "mount", e.text("Source"), e.text("FileSystem")
		does = fmt.Sprintf("asks to mount %s (%s) where nothing is, which the kernel refuses, %s", p.From, p.Text, as)
	default:
		return "", nil
	}
	if strings.HasPrefix(target, "/proc/") {
		p.Path = "/proc/self/" + path.Base(target)
	}
	return does, func(s *stage) error { return s.event(image, strings.Fields(e.text("CommandLine")), p) }
}

// ofProcess: a program of that name and those arguments, which ends at once.
func ofProcess(e event) (string, func(*stage) error) {
	if e.text("ContainerImage") != "" {
		return "", nil // only a runtime tells it
	}
	run := program{Image: e.text("Image"), Socket: e.text("Stdin") == "socket", Arguments: []string{}}
	if line := e.text("CommandLine"); line != "" {
		run.Arguments = strings.Split(line, " ")
	}
	if flags, ok := e["ImageFlags"].([]any); ok {
		for _, f := range flags {
			run.Memfd = run.Memfd || f == "memfd"
			run.Deleted = run.Deleted || f == "deleted"
		}
	}
	parent := e.text("ParentImage")
	does := fmt.Sprintf("runs a program that does nothing as %s", path.Base(run.Image))
	if parent != "" {
		does += ", started by one called " + path.Base(parent)
	}
	return does, func(s *stage) error { return s.run(parent, run) }
}
