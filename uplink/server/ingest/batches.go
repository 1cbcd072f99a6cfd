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
	alone, spooled := r.course.begin(e.Key)
	if !alone {
		return refusal{http.StatusServiceUnavailable, "this batch is coming already", time.Second}
	}
	defer r.course.end(e.Key)
	if !spooled {
		if replay, err := r.State.Received(q.Context(), e.Key); err != nil {
			return err
		} else if replay {
			r.counts.Replays.Add(1)
			w.WriteHeader(http.StatusOK)
			return nil
		}
		if err := r.take(w, q, &e); err != nil {
			return err
		}
	}
	if _, err := r.claims.one(q.Context(), e.Key); err != nil {
		r.course.isSpooled(e.Key, true) // asked again, only the claim is made
		return err
	}
	r.course.isSpooled(e.Key, false)
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
	if err := r.Spool.Append(e.Class, events, e.Append(make([]byte, 0, len(body)+64))); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	r.counts.took(e.Class, events, len(body))
	return nil
}
