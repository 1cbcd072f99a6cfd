package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Sockets of the engines that speak Docker's API (Podman's is the same for what
// is asked here).
const (
	dockerSocket = "run/docker.sock"
	podmanSocket = "run/podman/podman.sock"
)

// maxDocument bounds what is read of an answer or a state file.
const maxDocument = 4 << 20

// socket asks an engine by Docker's HTTP API (https://docs.docker.com/reference/api/engine/).
type socket struct {
	runtime string
	client  *http.Client
	log     *slog.Logger
	pause   time.Duration
	now     func() time.Time
	until   time.Time // it did not answer: not asked before then
}

func newSocket(log *slog.Logger, s Settings, runtime, path string) *socket {
	return &socket{
		runtime: runtime, client: unixClient(filepath.Join(s.Root, path)),
		log: log, pause: s.Pause, now: s.Now,
	}
}

// unixClient connects anew for each question: there are few, and nothing stays open.
func unixClient(path string) *http.Client {
	var d net.Dialer
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return d.DialContext(ctx, "unix", path)
		},
	}}
}

func (s *socket) mayKnow(runtime string) bool {
	return runtime == s.runtime || runtime == "" && s.runtime == Docker
}

// inspected is the part of GET /containers/ID/json that is of use.
type inspected struct {
	Name   string
	Config struct {
		Image  string
		Labels map[string]string
	}
}

func (s *socket) ask(ctx context.Context, id string) (*details, error) {
	if s.now().Before(s.until) {
		return nil, errPaused
	}
	var got inspected
	switch err := getJSON(ctx, s.client, "/containers/"+id+"/json", &got); {
	case err == nil, errors.Is(err, errUnknown):
		if !s.until.IsZero() {
			s.log.Info("the container runtime answers again", "runtime", s.runtime)
			s.until = time.Time{}
		}
		if err != nil {
			return nil, err
		}
	case isAbsent(err):
		return nil, err
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, err
	default:
		if s.until.IsZero() {
			s.log.Warn("the container runtime does not answer: containers stay without a name for now", "runtime", s.runtime, "error", err)
		}
		s.until = s.now().Add(s.pause)
		return nil, fmt.Errorf("%w: %w", errPaused, err)
	}
	labels := got.Config.Labels
	d := &details{runtime: s.runtime, image: clip(got.Config.Image)}
	d.pod(labels)
	if d.name = first(labels, labelContainerName); d.name == "" { // Kubernetes' own name is k8s_NAME_POD_NAMESPACE_UID_N
		d.name = clip(strings.TrimPrefix(got.Name, "/"))
	}
	return d, nil
}

// isAbsent: no such socket, or nobody listens: the engine is not there, which is no trouble.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}

// getJSON reads a small document. The host in the URL is of no matter on a socket of files.
func getJSON(ctx context.Context, c *http.Client, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", path, err)
	}
	response, err := c.Do(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", path, err)
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return errUnknown
	default:
		return fmt.Errorf("ask %s: %s", path, response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(into); err != nil {
		return fmt.Errorf("read the answer to %s: %w", path, err)
	}
	return nil
}
