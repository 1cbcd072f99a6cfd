package ingest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/ship/protocol"
)

// patience is how long a batch's body may take.
const patience = time.Minute

func (r *Receiver) batch(w http.ResponseWriter, q *http.Request, sensor string) error {
	id, err := protocol.ReadID(q.Header)
	if err != nil {
		return malformed("%v", err)
	}
	// The sensor is that of the certificate: nothing of the request names another.
	e := Envelope{Key: control.Key{Sensor: sensor, Epoch: id.Epoch, Sequence: id.Sequence}, Class: id.Class}
	alone, replay := r.held.begin(e.Key)
	if !alone {
		return refusal{http.StatusServiceUnavailable, "this batch is coming already", time.Second}
	}
	defer r.held.end(e.Key)
	if !replay {
		replay, err = r.ledger.has(e.Key, func() (control.Ranges, error) { return r.State.ReceivedOf(q.Context(), e.Sensor, e.Epoch) })
		if err != nil {
			return err
		}
	}
	if replay {
		r.counts.Replays.Add(1)
	} else if err := r.take(w, q, &e); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// take reads the batch, checks it and puts it into the spool.
func (r *Receiver) take(w http.ResponseWriter, q *http.Request, e *Envelope) error {
	switch n := q.ContentLength; {
	case n < 0:
		return refusal{http.StatusLengthRequired, "a batch says its length", 0}
	case n > protocol.MaxBatch:
		return refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("a batch of %d bytes, the most is %d", n, protocol.MaxBatch), 0}
	case e.Class == protocol.Events && r.held.full():
		return refusal{http.StatusServiceUnavailable, "too many batches wait for the store", 5 * time.Second}
	}
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if err := r.room.Acquire(q.Context(), q.ContentLength); err != nil {
		return err
	}
	defer r.room.Release(q.ContentLength)
	body := make([]byte, q.ContentLength)
	if _, err := io.ReadFull(q.Body, body); err != nil {
		return refusal{http.StatusRequestTimeout, "the body ended early", time.Second}
	}
	if err := protocol.CheckSum(q.Header, body); err != nil {
		return malformed("%v", err)
	}
	r.decoding <- struct{}{}
	events, err := r.Check(e.Class, body, r.Limits)
	<-r.decoding
	if err != nil {
		return refusal{http.StatusUnprocessableEntity, fmt.Sprintf("the batch cannot be decoded: %v", err), 0}
	}
	e.Body = body
	r.held.add(e.Key) // before it can be claimed
	if err := r.Spool.Append(e.Class, events, e.Append(make([]byte, 0, len(body)+64))); err != nil {
		r.held.remove(e.Key)
		return fmt.Errorf("spool: %w", err)
	}
	r.counts.took(e.Class, events, len(body))
	return nil
}
