package container

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// podmanStore reads the lists of containers of Podman's storage library
// (containers/storage, containers.go), which need no service of Podman's.
type podmanStore struct {
	root  string
	lists map[string]podmanList // by path: of the last reading
}

type podmanList struct {
	modified   time.Time
	size       int64
	containers map[string]*details
}

// Those of "podman run --rm" are volatile. With transient storage all lie in /run.
func podmanLists() []string {
	return []string{
		"var/lib/containers/storage/overlay-containers/containers.json",
		"var/lib/containers/storage/overlay-containers/volatile-containers.json",
		"run/containers/storage/overlay-containers/containers.json",
		"run/containers/storage/overlay-containers/volatile-containers.json",
		"var/lib/containers/storage/vfs-containers/containers.json",
		"var/lib/containers/storage/vfs-containers/volatile-containers.json",
	}
}

func (p *podmanStore) mayKnow(runtime string) bool { return runtime == Podman || runtime == "" }

func (p *podmanStore) ask(_ context.Context, id string) (*details, error) {
	var failed error
	for _, path := range podmanLists() {
		containers, err := p.read(filepath.Join(p.root, path))
		if d := containers[id]; d != nil {
			return d, nil
		}
		if err != nil && !errors.Is(err, errUnknown) {
			failed = err
		}
	}
	if failed != nil {
		return nil, failed
	}
	return nil, errUnknown
}

// read gives a list; the same again while its file is the same.
func (p *podmanStore) read(path string) (map[string]*details, error) {
	i, err := os.Stat(path)
	if err != nil {
		return nil, errUnknown
	}
	if l, ok := p.lists[path]; ok && l.size == i.Size() && l.modified.Equal(i.ModTime()) {
		return l.containers, nil
	}
	var stored []struct {
		ID       string   `json:"id"`
		Names    []string `json:"names"`
		Metadata string   `json:"metadata"`
	}
	if err := readJSON(path, &stored); err != nil {
		return nil, err
	}
	containers := make(map[string]*details, len(stored))
	for _, c := range stored {
		var m struct {
			Image string `json:"image-name"`
			Pod   string `json:"pod-name"` // by CRI-O, whose containers are here as well
		}
		if json.Unmarshal([]byte(c.Metadata), &m) != nil || m.Pod != "" || len(c.Names) == 0 {
			continue
		}
		containers[clip(c.ID)] = &details{runtime: Podman, name: clip(c.Names[0]), image: clip(m.Image)}
	}
	if p.lists == nil {
		p.lists = map[string]podmanList{}
	}
	p.lists[path] = podmanList{i.ModTime(), i.Size(), containers}
	return containers, nil
}
