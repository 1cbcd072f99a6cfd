package container

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// grpcServer answers one method with a message, as gRPC does.
func grpcServer(method string, message []byte) (http.Handler, *http.Protocols) {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		w.Header().Set("Content-Type", "application/grpc")
		if err != nil || q.ProtoMajor != 2 || len(body) != 5 || q.URL.Path != method {
			w.Header().Set("Grpc-Status", "12")
			return
		}
		w.Header().Set("Trailer", "Grpc-Status")
		frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
		if _, err := w.Write(append(frame, message...)); err != nil {
			panic(err)
		}
		w.Header().Set("Grpc-Status", "0")
	}), p
}

func text(number byte, s string) []byte {
	return append([]byte{number<<3 | 2, byte(len(s))}, s...)
}

func TestRuntimes(t *testing.T) {
	if found := Runtimes(newRoot(t).path); len(found) != 0 {
		t.Fatalf("an empty host has %+v", found)
	}
	root := newRoot(t)
	root.serve("run/docker.sock", http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, _ = fmt.Fprint(w, `{"Platform":{"Name":""},"Version":"27.5.1","ApiVersion":"1.47"}`)
	}), nil)
	root.mkdir("run/libpod")
	version := append(text(1, "v2.1.0"), text(2, "abc")...)
	h, p := grpcServer("/containerd.services.version.v1.Version/Version", version)
	root.serve("run/containerd/containerd.sock", h, p)
	h, p = grpcServer("/some.other/Method", nil)
	root.serve("run/k3s/containerd/containerd.sock", h, p)
	h, p = grpcServer("/runtime.v1.RuntimeService/Version", append(append(text(1, "0.1.0"), text(2, "cri-o")...), text(3, "1.33.0")...))
	root.serve("run/crio/crio.sock", h, p)
	root.serve("var/lib/incus/unix.socket", http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, _ = fmt.Fprint(w, `{"metadata":{"environment":{"server_version":"6.0"}}}`)
	}), nil)
	root.serve("var/lib/lxd/unix.socket", http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		<-q.Context().Done()
	}), nil)
	root.write("var/snap/lxd/common/lxd/unix.socket", "no socket")

	began := time.Now()
	found := Runtimes(root.path)
	if took := time.Since(began); took > 5*patience {
		t.Errorf("it took %s", took)
	}
	want := []Runtime{
		{Docker, "run/docker.sock", "27.5.1", ""},
		{Podman, "", "", ""},
		{Containerd, "run/containerd/containerd.sock", "v2.1.0", ""},
		{Containerd, "run/k3s/containerd/containerd.sock", "", "some"},
		{CRIO, "run/crio/crio.sock", "1.33.0", ""},
		{Incus, "var/lib/incus/unix.socket", "6.0", ""},
		{LXD, "var/lib/lxd/unix.socket", "", "some"},
	}
	for i := range want {
		if want[i].Socket != "" {
			want[i].Socket = filepath.Join(root.path, want[i].Socket)
		}
		if i < len(found) && found[i].Error != "" {
			found[i].Error = "some"
		}
		if i >= len(found) || found[i] != want[i] {
			t.Errorf("%d: %+v are found, not %+v", i, found, want[i])
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d are found", len(found))
	}
}

func TestMessage(t *testing.T) {
	whole := []byte{0, 0, 0, 0, 0}
	whole = append(whole, 0x08, 0x96, 0x01)                         // 1: varint
	whole = append(whole, 0x11, 1, 2, 3, 4, 5, 6, 7, 8)             // 2: 64 bits
	whole = append(whole, 0x1d, 1, 2, 3, 4)                         // 3: 32 bits
	whole = append(append(whole, text(4, "v1")...), text(5, "")...) // 4, 5: texts
	binary.BigEndian.PutUint32(whole[1:], uint32(len(whole)-5))
	fields, err := message(whole)
	if err != nil || len(fields) != 2 || fields[4] != "v1" {
		t.Errorf("%v, %v", fields, err)
	}
	for n := range len(whole) {
		if _, err := message(whole[:n]); err == nil {
			t.Errorf("%d bytes of it pass", n)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 4, 0x0a, 2, 'v', '1'})
	f.Add([]byte{0, 0, 0, 0, 9, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		fields, err := message(b)
		total := 0
		for _, v := range fields {
			total += len(v)
		}
		if err == nil && total > len(b) {
			t.Fatalf("%d bytes of text from %d", total, len(b))
		}
	})
}
