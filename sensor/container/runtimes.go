package container

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Runtime is a container runtime that was found on the host.
type Runtime struct {
	Name    string `json:"name"`
	Socket  string `json:"socket,omitempty"`  // "" where only its state was found
	Version string `json:"version,omitempty"` // "" when it did not say
	Error   string `json:"error,omitempty"`   // why it did not
}

// patience is how long a runtime may think about its version.
const patience = 500 * time.Millisecond

// place is where a runtime's socket or state may be.
type place struct {
	name, path string
	version    func(context.Context, string) (string, error) // nil: state, not a socket
}

func places() []place {
	return []place{
		{Docker, dockerSocket, engineVersion},
		{Podman, podmanSocket, engineVersion},
		{Podman, "run/libpod", nil},
		{Containerd, "run/containerd/containerd.sock", containerdVersion},
		{Containerd, "run/docker/containerd/containerd.sock", containerdVersion}, // one that dockerd started
		{Containerd, "run/k3s/containerd/containerd.sock", containerdVersion},    // K3s and RKE2
		{Containerd, "run/k0s/containerd.sock", containerdVersion},
		{Containerd, "var/snap/microk8s/common/run/containerd.sock", containerdVersion},
		{CRIO, "run/crio/crio.sock", criVersion},
		{Incus, "var/lib/incus/unix.socket", lxdVersion},
		{LXD, "var/lib/lxd/unix.socket", lxdVersion},
		{LXD, "var/snap/lxd/common/lxd/unix.socket", lxdVersion},
	}
}

// Runtimes looks for container runtimes below root (usually /), in the places
// where they put their sockets unless told otherwise, and asks their versions.
func Runtimes(root string) []Runtime {
	var found []Runtime
	seen := map[string]bool{}
	for _, p := range places() {
		path := filepath.Join(root, p.path)
		i, err := os.Stat(path)
		switch {
		case err != nil:
		case p.version == nil:
			if i.IsDir() && !seen[p.name] {
				found = append(found, Runtime{Name: p.name})
			}
		case i.Mode().Type() == fs.ModeSocket:
			seen[p.name] = true
			found = append(found, ask(p, path))
		}
	}
	return found
}

func ask(p place, path string) Runtime {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found := Runtime{Name: p.name, Socket: path}
	version, err := p.version(ctx, path)
	if found.Version = clip(version); err != nil {
		found.Error = err.Error()
	}
	return found
}

// engineVersion is Docker's and Podman's.
func engineVersion(ctx context.Context, socket string) (string, error) {
	var got struct{ Version string }
	err := getJSON(ctx, unixClient(socket), "/version", &got)
	return got.Version, err
}

// lxdVersion is LXD's and Incus's.
func lxdVersion(ctx context.Context, socket string) (string, error) {
	var got struct {
		Metadata struct {
			Environment struct {
				Version string `json:"server_version"`
			} `json:"environment"`
		} `json:"metadata"`
	}
	err := getJSON(ctx, unixClient(socket), "/1.0", &got)
	return got.Metadata.Environment.Version, err
}

func containerdVersion(ctx context.Context, socket string) (string, error) {
	fields, err := call(ctx, socket, "/containerd.services.version.v1.Version/Version")
	if err != nil {
		return "", err
	}
	return fields[1], nil // api/services/version/v1/version.proto
}

func criVersion(ctx context.Context, socket string) (string, error) {
	fields, err := call(ctx, socket, "/runtime.v1.RuntimeService/Version")
	if err != nil {
		return "", err
	}
	if fields[3] == "" {
		return "", fmt.Errorf("ask %s: no version in the answer", socket)
	}
	return fields[3], nil // runtime_version in cri-api's api.proto
}
