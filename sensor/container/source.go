package container

import (
	"context"
	"errors"
	"log/slog"
	"strings"
)

// details are what a runtime knows of a container.
type details struct {
	runtime, name, image          string
	podUID, podName, podNamespace string
}

// source is where a runtime says what it knows: a socket, or files.
type source interface {
	// mayKnow tells whether to ask it about containers of a runtime; "": not known which.
	mayKnow(runtime string) bool
	// ask fails with errUnknown, errPaused, or whatever kept it from knowing.
	ask(ctx context.Context, id string) (*details, error)
}

var (
	errUnknown = errors.New("no such container")
	errPaused  = errors.New("the runtime does not answer; it is left alone for a while")
)

// newSources are in the order of asking. Files go before sockets: they need no
// daemon, and systemd would start Podman's for a mere connection.
func newSources(log *slog.Logger, s Settings) []source {
	return []source{
		&containerd{root: s.Root},
		&crio{root: s.Root},
		newSocket(log, s, Docker, dockerSocket),
		&podmanStore{root: s.Root},
		newSocket(log, s, Podman, podmanSocket),
	}
}

// maxText bounds a name from a runtime; Docker's limit for an image's is 255.
const maxText = 512

// clip makes a text of a runtime's fit for an event, and no part of a large document.
func clip(s string) string {
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText], "") // the cut may go through a character
	}
	return strings.Clone(s)
}

// Labels that kubelet gives to containers (staging/src/k8s.io/kubelet/pkg/types/labels.go);
// CRI-O makes annotations of them.
const (
	labelPodName       = "io.kubernetes.pod.name"
	labelPodNamespace  = "io.kubernetes.pod.namespace"
	labelPodUID        = "io.kubernetes.pod.uid"
	labelContainerName = "io.kubernetes.container.name"
)

// pod fills in what kubelet's labels tell.
func (d *details) pod(labels map[string]string) {
	d.podName, d.podNamespace = clip(labels[labelPodName]), clip(labels[labelPodNamespace])
	d.podUID = clip(labels[labelPodUID])
}

// first gives the first of the keys that has a value.
func first(from map[string]string, keys ...string) string {
	for _, k := range keys {
		if v := from[k]; v != "" {
			return clip(v)
		}
	}
	return ""
}
