package ingest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/ship/protocol"
)

// A batch that comes again is taken once, wherever the first one is by then: in the spool,
// claimed, told as dropped, or at another server.
func TestReplayAnywhere(t *testing.T) {
	w := newWorld(t)
	id, dir := w.enrol()
	c := certificate(t, dir)
	client := w.hostile(&c)
	post := func(sequence uint64, want int) {
		t.Helper()
		body := []byte("x")
		status, detail := w.post(client, body, func(q *http.Request) {
			protocol.ID{Epoch: 7, Sequence: sequence, Class: protocol.Events}.Write(q.Header, body)
		})
		if n := len(w.disk.has()); status != 200 || n != want {
			t.Fatalf("batch %d: %d %s, %d in the spool, want %d", sequence, status, detail, n, want)
		}
	}
	claim := func(all ...uint64) {
		t.Helper()
		var keys []control.Key
		for _, n := range all {
			keys = append(keys, control.Key{Sensor: id, Epoch: 7, Sequence: n})
		}
		_, err := w.receiver.Claim(t.Context(), keys)
		must(t, err)
	}
	_, err := w.state.Claim(t.Context(), "B", []control.Key{{Sensor: id, Epoch: 7, Sequence: 9}})
	must(t, err)
	post(1, 1)
	post(1, 1) // it lies in the spool
	claim(1)
	post(1, 1) // claimed
	post(2, 2)
	claim(2)
	post(2, 2)
	post(9, 2) // another server's
	text, err := json.Marshal([]protocol.Drop{{Epoch: "0000000000000007", First: 5, Last: 6, Gone: [][2]uint64{{5, 6}}, Class: protocol.Events, Reason: "bytes", Batches: 2, Time: time.Now()}})
	must(t, err)
	r, err := client.Post(w.server.URL+protocol.PathDrops, "application/json", bytes.NewReader(text))
	must(t, err)
	must(t, r.Body.Close())
	post(5, 2) // told as dropped
	post(3, 3)
	if n := w.receiver.Counts().Replays.Load(); n != 5 {
		t.Errorf("%d replays, want 5", n)
	}
}
