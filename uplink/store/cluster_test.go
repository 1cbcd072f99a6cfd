package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"vigil/uplink/store/storetest"
)

func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	var err error
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(50 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	t.Fatalf("%s: not within a minute: %v", what, err)
}

type cluster struct {
	*Cluster
	nodes []*storetest.Node
}

// newCluster starts three storage nodes and their front.
func newCluster(t *testing.T) *cluster {
	nodes := storetest.Place{}.Start(t, time.Second)
	c := &cluster{nodes: nodes.Nodes}
	var err error
	c.Cluster, err = OpenCluster(ClusterSettings{URL: nodes.URL(), Interval: time.Second, Patience: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// What an embedded store promises, a cluster does.
func TestCluster(t *testing.T) {
	for name, test := range map[string]func(*testing.T, Store){
		"round trip": testRoundTrip, "hostile": testHostile, "alerts": testAlerts, "newest": testNewest, "tree": testTree, "around": testAround, "recovery": testRecovery,
	} {
		t.Run(name, func(t *testing.T) { test(t, newCluster(t).Cluster) })
	}
}

// One node is stopped, killed and started again while rows come: nothing that Flush
// took is lost, and nothing is there twice as far as it is counted by its identity.
func TestClusterLosesNothing(t *testing.T) {
	c := newCluster(t)
	w := newWorld(8, sensorID, time.Now().Add(-time.Minute), time.Microsecond)
	var rows []Row
	step := func(what string) {
		var more []Row
		for range 4 * batchRows {
			more = append(more, w.next())
		}
		rows = append(rows, more...)
		// What the server does: a batch stays in its spool until it is flushed.
		eventually(t, what+": added", func() error { return c.addMissing(t.Context(), more) })
	}
	step("all run")
	c.nodes[1].End(syscall.SIGTERM)
	var more []Row
	for range batchRows {
		more = append(more, w.next())
	}
	rows = append(rows, more...)
	if err := c.Add(t.Context(), more); err != nil { // the front has other nodes
		t.Errorf("add without a node: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := c.Flush(short); err == nil {
		t.Error("flushed without a node, which may have had some of it")
	}
	c.nodes[1].Start()
	eventually(t, "flushed when it is back", func() error { return c.Flush(t.Context()) })
	step("it is back")
	if err := c.Add(t.Context(), rows[:1]); err != nil { // twice: by its identity it is one
		t.Error(err)
	}
	c.nodes[2].End(syscall.SIGKILL)
	c.nodes[2].Start()
	step("one was killed")
	got, err := Has(t.Context(), c, sensorID, w.epoch, 1)
	if err != nil || len(got) != len(rows)/batchRows {
		t.Fatalf("%d batches, %v, want %d", len(got), err, len(rows)/batchRows)
	}
	for _, b := range got {
		if b.Rows != batchRows {
			t.Errorf("%+v: want %d rows", b, batchRows)
		}
	}
}

// addMissing adds what is not there, and flushes.
func (c *cluster) addMissing(ctx context.Context, rows []Row) error {
	missing, err := Missing(ctx, c, rows)
	if err != nil {
		return err
	}
	return errors.Join(c.Add(ctx, missing), c.Flush(ctx))
}

func TestClusterRefuses(t *testing.T) {
	for _, wrong := range []string{"", "127.0.0.1:9428", "ftp://a", "http://"} {
		if _, err := OpenCluster(ClusterSettings{URL: wrong}); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := OpenCluster(ClusterSettings{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Add(t.Context(), []Row{jsonRow(0, "exec", "{}")}); err == nil {
		t.Error("added to nobody")
	}
	if err := c.Flush(t.Context()); err != nil { // nothing was added
		t.Error(err)
	}
	if err := c.Query(t.Context(), Query{LogsQL: "*"}, func(Result) bool { return true }); err == nil {
		t.Error("nobody answers")
	}
	var wrong *SyntaxError
	if err := c.Query(t.Context(), Query{LogsQL: "a )"}, nil); !errors.As(err, &wrong) {
		t.Errorf("a wrong query: %v", err)
	}
}

func TestClusterExpires(t *testing.T) {
	c := newCluster(t)
	var rows []Row
	for i, kind := range []string{"exec", "file_open", "dns", KindAlert} {
		row := jsonRow(i, kind, "{}")
		row.Time = time.Now().Add(-10 * day).UnixNano()
		rows = append(rows, row)
	}
	add(t, c, rows...)
	for _, step := range []struct {
		later time.Duration
		want  uint64
	}{{0, 4}, {21 * day, 2}, {81 * day, 1}, {356 * day, 0}} { // bulk is kept 30 days, processes 90, alerts 365
		want := step.want
		if err := c.Expire(t.Context(), time.Now().Add(step.later)); err != nil {
			t.Fatal(err)
		}
		eventually(t, fmt.Sprintf("%d rows", want), func() error {
			n, err := Count(t.Context(), c, Query{LogsQL: stream(sensorID)})
			if err == nil && n != want {
				err = fmt.Errorf("%d rows", n)
			}
			return err
		})
	}
}
