package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// readJSON reads a runtime's state file; errUnknown when there is none.
func readJSON(path string, into any) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errUnknown
	} else if err != nil {
		return fmt.Errorf("read container state: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := json.NewDecoder(io.LimitReader(f, maxDocument)).Decode(into); err != nil {
		return fmt.Errorf("read container state %s: %w", path, err)
	}
	return nil
}

// spec is the part of an OCI bundle's config.json that is of use.
type spec struct {
	Annotations map[string]string `json:"annotations"`
}

// containerd reads the bundles that containerd keeps while a task runs:
// STATE/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json (docs/ops.md there).
type containerd struct{ root string }

// containerdStates are containerd's state directories: its own, and those of the
// Kubernetes distributions that bring one.
func containerdStates() []string {
	return []string{"run/containerd", "run/k3s/containerd", "run/k0s/containerd", "var/snap/microk8s/common/run/containerd"}
}

// maxNamespaces bounds how many of containerd's are looked into.
const maxNamespaces = 64

func (c *containerd) mayKnow(runtime string) bool { return runtime == Containerd || runtime == "" }

func (c *containerd) ask(_ context.Context, id string) (*details, error) {
	for _, state := range containerdStates() {
		tasks := filepath.Join(c.root, state, "io.containerd.runtime.v2.task")
		for _, namespace := range directories(tasks, maxNamespaces) {
			if namespace == "moby" { // Docker's, which tells its names to nobody
				continue
			}
			var s spec
			err := readJSON(filepath.Join(tasks, namespace, id, "config.json"), &s)
			if errors.Is(err, errUnknown) {
				continue
			} else if err != nil {
				return nil, err
			}
			return containerdDetails(s.Annotations), nil
		}
	}
	return nil, errUnknown
}

// containerdDetails: the CRI plugin's annotations (internal/cri/annotations/annotations.go
// there), or those of nerdctl (pkg/labels/labels.go there). A sandbox has no
// container name: it is the pod's "POD", as kubelet calls it.
func containerdDetails(a map[string]string) *details {
	d := &details{
		runtime: Containerd,
		name:    first(a, "io.kubernetes.cri.container-name", "nerdctl/name"),
		image:   first(a, "io.kubernetes.cri.image-name", "io.kubernetes.cri.podsandbox.image-name"),
		podUID:  first(a, "io.kubernetes.cri.sandbox-uid"), podName: first(a, "io.kubernetes.cri.sandbox-name"),
		podNamespace: first(a, "io.kubernetes.cri.sandbox-namespace"),
	}
	if a["io.kubernetes.cri.container-type"] == "sandbox" {
		d.name = "POD"
	}
	return d
}

// directories lists at most n of them.
func directories(path string, n int) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	entries, err := f.ReadDir(n)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// crio reads the bundles of CRI-O (pkg/annotations in its repository).
type crio struct{ root string }

func (c *crio) mayKnow(runtime string) bool { return runtime == CRIO || runtime == "" }

func (c *crio) ask(_ context.Context, id string) (*details, error) {
	var s spec
	if err := readJSON(filepath.Join(c.root, "run/containers/storage/overlay-containers", id, "userdata/config.json"), &s); err != nil {
		return nil, err
	}
	if s.Annotations["io.container.manager"] == "libpod" { // Podman's, with the same layout
		return nil, errUnknown
	}
	d := &details{
		runtime: CRIO,
		name:    first(s.Annotations, labelContainerName),
		image:   first(s.Annotations, "io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.Image"),
	}
	d.pod(s.Annotations)
	return d, nil
}
