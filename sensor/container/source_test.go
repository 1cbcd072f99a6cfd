package container

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// serve answers at a socket below the root.
func (r root) serve(name string, h http.Handler, protocols *http.Protocols) {
	r.t.Helper()
	r.mkdir(filepath.Dir(name))
	l, err := net.Listen("unix", filepath.Join(r.path, name))
	if err != nil {
		r.t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	_ = s.Listener.Close()
	s.Listener, s.Config.Protocols = l, protocols
	s.Start()
	r.t.Cleanup(s.Close)
}

func (r root) writeJSON(name string, v any) {
	r.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(name, string(text))
}

type object = map[string]any

// engine answers about the containers it has, as Docker and Podman do.
func engine(containers map[string]object, asked *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		asked.Add(1)
		id := strings.TrimSuffix(strings.TrimPrefix(q.URL.Path, "/containers/"), "/json")
		c, ok := containers[id]
		if q.Method != http.MethodGet || !ok {
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprintf(w, `{"message":"no container %s here"}`, id)
			return
		}
		if err := json.NewEncoder(w).Encode(c); err != nil {
			panic(err)
		}
	})
}

func TestEngines(t *testing.T) {
	for _, engineName := range []string{Docker, Podman} {
		t.Run(engineName, func(t *testing.T) {
			root, asked := newRoot(t), atomic.Int64{}
			socket, path := dockerSocket, "/system.slice/docker-%s.scope%s"
			if engineName == Podman {
				socket, path = podmanSocket, "/machine.slice/libpod-%s.scope%s"
			}
			root.serve(socket, engine(map[string]object{
				idA: {"Id": idA, "Name": "/shop_db", "Image": "sha256:1234", "Config": object{"Image": "postgres:17", "Labels": nil}},
				idB: {"Id": idB, "Name": "/k8s_app_web_prod_" + uid + "_0", "Config": object{"Image": "web@sha256:77", "Labels": object{
					labelContainerName: "app", labelPodName: "web", labelPodNamespace: "prod", labelPodUID: uid,
				}}},
			}, &asked), nil)
			r := newResolver(t, Settings{Root: root.path})
			r.Observe(1, fmt.Sprintf(path, idA, ""))
			r.Observe(2, fmt.Sprintf(path, idB, ""))
			if got, want := *named(t, r, 1), (Info{
				CgroupID: 1, CgroupPath: fmt.Sprintf(path, idA, ""), ID: idA, Runtime: engineName,
				Name: "shop_db", Image: "postgres:17",
			}); got != want {
				t.Errorf("%+v\nnot %+v", got, want)
			}
			got := named(t, r, 2)
			if got.Name != "app" || got.PodName != "web" || got.PodNamespace != "prod" || got.PodUID != uid || got.Image != "web@sha256:77" {
				t.Errorf("a pod's container is %+v", got)
			}
			before := asked.Load()
			r.Observe(3, fmt.Sprintf(path, idA, "/system.slice")) // a cgroup inside asks nobody
			if got, _ := r.Lookup(3); got.Name != "shop_db" || asked.Load() != before {
				t.Errorf("a cgroup inside is %+v, asked %d times", got, asked.Load()-before)
			}
		})
	}
}

// A runtime that fails is left alone for a while, is named in the log once, and
// its containers get their names when it is back.
func TestFailingEngine(t *testing.T) {
	root, asked, fails, log := newRoot(t), atomic.Int64{}, atomic.Bool{}, &bytes.Buffer{}
	fails.Store(true)
	h := engine(map[string]object{fmt.Sprintf("%064x", 1): {"Name": "/back", "Config": object{"Image": "i"}}}, &asked)
	root.serve(dockerSocket, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if fails.Load() {
			asked.Add(1)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		h.ServeHTTP(w, q)
	}), nil)
	r := New(slog.New(slog.NewTextHandler(log, nil)), Settings{Root: root.path, Timeout: time.Minute, Pause: 200 * time.Millisecond})
	for i := range 50 {
		r.Observe(uint64(i), dockerPath(i))
	}
	until(t, "all to be put off", func() bool { return r.Stats().Asked >= 50 })
	if n := asked.Load(); n > 10 {
		t.Errorf("a failing runtime was asked %d times", n)
	}
	fails.Store(false)
	if info := named(t, r, 1); info.Name != "back" || info.Image != "i" {
		t.Errorf("%+v", info)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, log)
	}
}

func TestHangingEngine(t *testing.T) {
	root := newRoot(t)
	root.serve(dockerSocket, http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() }), nil)
	c := &clock{}
	s := newSocket(slog.New(slog.DiscardHandler), Settings{Root: root.path, Pause: time.Minute, Now: c.now}, Docker, dockerSocket)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.ask(ctx, idA); !errors.Is(err, errPaused) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a timeout is %v", err)
	}
	c.advance(59 * time.Second)
	if _, err := s.ask(t.Context(), idA); !errors.Is(err, errPaused) {
		t.Errorf("in the pause it is asked: %v", err)
	}
}

// Without a runtime nobody is asked for long, and nothing is logged.
func TestNoRuntime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &bytes.Buffer{}
		r := New(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Settings{Root: newRoot(t).path})
		for i := range 100 {
			r.Observe(uint64(i), "/system.slice/nerdctl-"+dockerPath(i)[len("/docker/"):]+".scope")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if s := r.Stats(); s.Asked != 400 || s.Unnamed != 100 || s.Waiting != 0 || s.Named != 0 {
			t.Errorf("%+v", s)
		}
		if err := r.Close(); err != nil || log.Len() > 0 {
			t.Errorf("%v, log %s", err, log)
		}
	})
}

// A runtime may know a container a moment after its cgroup is made.
func TestAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := newRoot(t)
		r := New(slog.New(slog.DiscardHandler), Settings{Root: root.path})
		defer func() { _ = r.Close() }()
		r.Observe(1, "/k8s.io/"+idA)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		root.writeJSON("run/containerd/io.containerd.runtime.v2.task/k8s.io/"+idA+"/config.json", object{
			"annotations": object{"io.kubernetes.cri.container-name": "app"},
		})
		if info, _ := r.Lookup(1); info.Name != "" || r.Stats().Asked != 2 {
			t.Errorf("%+v, %+v", info, r.Stats())
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if info, _ := r.Lookup(1); info.Name != "app" || r.Stats().Asked != 3 || r.Stats().Named != 1 {
			t.Errorf("%+v, %+v", info, r.Stats())
		}
	})
}

func TestStateFiles(t *testing.T) {
	root := newRoot(t)
	root.writeJSON("run/containerd/io.containerd.runtime.v2.task/moby/"+idA+"/config.json", object{"annotations": object{"nerdctl/name": "wrong"}})
	root.writeJSON("run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/"+idA+"/config.json", object{
		"ociVersion": "1.1.0", "annotations": object{
			"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "app",
			"io.kubernetes.cri.image-name": "registry.example/app:3", "io.kubernetes.cri.sandbox-name": "app-7d9-x",
			"io.kubernetes.cri.sandbox-namespace": "prod", "io.kubernetes.cri.sandbox-uid": uid,
		},
	})
	root.writeJSON("run/containerd/io.containerd.runtime.v2.task/k8s.io/"+idB+"/config.json", object{"annotations": object{
		"io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-name": "app-7d9-x", "io.kubernetes.cri.sandbox-namespace": "prod",
	}})
	hex := func(n int) string { return fmt.Sprintf("%064x", n) }
	root.writeJSON("run/containerd/io.containerd.runtime.v2.task/default/"+hex(1)+"/config.json", object{"annotations": object{"nerdctl/name": "blog"}})
	root.writeJSON("run/containers/storage/overlay-containers/"+hex(2)+"/userdata/config.json", object{"annotations": object{
		"io.container.manager": "cri-o", labelContainerName: "db", labelPodName: "db-0", labelPodNamespace: "data", labelPodUID: uid,
		"io.kubernetes.cri-o.ImageName": "quay.example/db:16", "io.kubernetes.cri-o.ContainerName": "k8s_db_db-0_data_" + uid + "_0",
	}})
	root.writeJSON("run/containers/storage/overlay-containers/"+hex(3)+"/userdata/config.json", object{"annotations": object{
		"io.container.manager": "libpod", "io.kubernetes.cri-o.SandboxID": hex(9),
	}})
	list := []object{
		{"id": hex(3), "names": []string{"cache"}, "image": hex(30), "metadata": `{"image-name":"docker.io/library/redis:8","name":"cache","created-at":1}`},
		{"id": hex(2), "names": []string{"k8s_db_db-0_data"}, "metadata": `{"pod-name":"db-0","image-name":"quay.example/db:16"}`},
		{"id": hex(5), "metadata": `{`},
	}
	root.writeJSON("var/lib/containers/storage/overlay-containers/containers.json", list)
	root.writeJSON("var/lib/containers/storage/overlay-containers/volatile-containers.json", []object{
		{"id": hex(4), "names": []string{"once"}, "metadata": `{"image-name":"localhost/job:latest"}`},
	})

	r := newResolver(t, Settings{Root: root.path})
	podSlice := "/kubepods.slice/kubepods-pod" + uidUS + ".slice/"
	for i, c := range []struct {
		path string
		want Info
	}{
		{podSlice + "cri-containerd-" + idA + ".scope", Info{
			ID: idA, Runtime: Containerd, Name: "app", Image: "registry.example/app:3", PodUID: uid, PodName: "app-7d9-x", PodNamespace: "prod",
		}},
		{"/kubepods/burstable/podx/" + idA, Info{
			ID: idA, Runtime: Containerd, Name: "app", Image: "registry.example/app:3", PodUID: uid, PodName: "app-7d9-x", PodNamespace: "prod",
		}},
		{podSlice + "cri-containerd-" + idB + ".scope", Info{ID: idB, Runtime: Containerd, Name: "POD", PodUID: uid, PodName: "app-7d9-x", PodNamespace: "prod"}},
		{"/default/" + hex(1), Info{ID: hex(1), Runtime: Containerd, Name: "blog"}},
		{podSlice + "crio-" + hex(2) + ".scope/container", Info{
			ID: hex(2), Runtime: CRIO, Name: "db", Image: "quay.example/db:16", PodUID: uid, PodName: "db-0", PodNamespace: "data",
		}},
		{"/libpod_parent/libpod-" + hex(3), Info{ID: hex(3), Runtime: Podman, Name: "cache", Image: "docker.io/library/redis:8"}},
		{"/some-parent/" + hex(4), Info{ID: hex(4), Runtime: Podman, Name: "once", Image: "localhost/job:latest"}},
	} {
		id := uint64(i + 1)
		r.Observe(id, c.path)
		c.want.CgroupID, c.want.CgroupPath = id, c.path
		if got := *named(t, r, id); got != c.want {
			t.Errorf("%+v\nnot %+v", got, c.want)
		}
	}

	root.writeJSON("var/lib/containers/storage/overlay-containers/containers.json", append(list, object{"id": hex(6), "names": []string{"later"}, "metadata": `{}`}))
	r.Observe(60, "/machine.slice/libpod-"+hex(6)+".scope")
	if got := named(t, r, 60); got.Name != "later" {
		t.Errorf("after a change of the list: %+v", got)
	}
}

// What a user's own runtimes say is not asked for.
func TestRootlessIsNotAsked(t *testing.T) {
	r := newResolver(t, Settings{Root: newRoot(t).path})
	r.Observe(1, user+"/user.slice/libpod-"+idA+".scope")
	info, _ := r.Lookup(1)
	if s := r.Stats(); !info.Rootless || info.Runtime != Podman || s.Waiting != 0 || s.Asked != 0 {
		t.Errorf("%+v, %+v", info, s)
	}
}

func TestTextsAreBounded(t *testing.T) {
	if got := clip(strings.Repeat("é", maxText)); len(got) != maxText || strings.Contains(got, "\uFFFD") {
		t.Errorf("%d bytes", len(got))
	}
	if got := clip("x" + strings.Repeat("é", maxText)); len(got) != maxText-1 {
		t.Errorf("%d bytes", len(got))
	}
}
