package spool_test

import (
	"testing"
	"time"

	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

// Those who append while the disk is at it are made durable together by the next sync,
// and none returns before.
func TestAppendsShareASync(t *testing.T) {
	const many = 100
	p := open(t, t.TempDir(), spool.Settings{Sync: spool.Always, SyncEvery: time.Hour, SegmentBytes: 1 << 20})
	if _, err := p.Append(batch.Events, 1, make([]byte, 1<<20)); err != nil { // the next begins a segment
		t.Fatal(err)
	}
	told, letGo := make(chan struct{}, many), make(chan struct{}, many)
	p.HoldSync(told, letGo)
	t.Cleanup(func() { close(letGo) })
	done := make(chan error, many+1)
	appends := func(n uint64) {
		_, err := p.Append(batch.Events, 1, content(n))
		done <- err
	}
	go appends(0)
	<-told
	for n := range uint64(many) {
		go appends(n + 1)
	}
	for p.Stats().Classes["events"].Appended.Batches < many+2 { // all are written
		time.Sleep(time.Millisecond)
	}
	if len(done) > 0 {
		t.Fatal("one returned before anything was durable")
	}
	letGo <- struct{}{}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	<-told
	if len(done) > 0 {
		t.Fatal("one returned before its sync")
	}
	letGo <- struct{}{}
	for range many {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if n := len(told); n > 0 {
		t.Errorf("%d syncs more than two", n)
	}
}
