package store

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// front is one of a cluster whose rows are found late, as those of a real one are.
type front struct {
	t      *testing.T
	late   time.Duration
	broken atomic.Bool // it takes rows and answers that it did not

	lock sync.Mutex
	rows map[string]time.Time // by vigil.index: when they are found
}

func (f *front) insert(w http.ResponseWriter, r *http.Request) {
	body, err := zstd.NewReader(r.Body)
	if err != nil {
		f.t.Error(err)
		return
	}
	defer body.Close()
	f.lock.Lock()
	defer f.lock.Unlock()
	for lines := json.NewDecoder(body); lines.More(); {
		var row map[string]string
		if err := lines.Decode(&row); err != nil {
			f.t.Error(err)
			return
		}
		f.rows[row[FieldIndex]] = time.Now().Add(f.late)
	}
	if f.broken.Load() {
		http.Error(w, "it broke", http.StatusBadGateway)
	}
}

func (f *front) find(w http.ResponseWriter, _ *http.Request) {
	f.lock.Lock()
	defer f.lock.Unlock()
	for index, from := range f.rows {
		if time.Now().After(from) {
			if _, err := fmt.Fprintf(w, "{%q:%q}\n", FieldIndex, index); err != nil {
				f.t.Error(err)
			}
		}
	}
}

// What a server sent before it was killed, or before it heard of an error, is not missing
// only because it is not found yet.
func TestMissingWaits(t *testing.T) {
	f := &front{t: t, late: 300 * time.Millisecond, rows: map[string]time.Time{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/insert/jsonline", f.insert)
	mux.HandleFunc("/select/logsql/query", f.find)
	web := httptest.NewServer(mux)
	defer web.Close()
	open := func() *Cluster {
		c, err := OpenCluster(ClusterSettings{URL: web.URL, Settle: 500 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	missing := func(c *Cluster, rows []Row, want int) {
		t.Helper()
		got, err := Missing(t.Context(), c, rows)
		if err != nil || len(got) != want {
			t.Errorf("%d of %d are missing, want %d: %v", len(got), len(rows), want, err)
		}
	}
	var rows []Row
	for i := range 10 {
		rows = append(rows, jsonRow(i, "exec", "{}"))
	}
	before := open()
	add := func(c *Cluster, rows []Row) error { return c.Add(t.Context(), rows) }
	if err := add(before, rows[:4]); err != nil {
		t.Fatal(err)
	}
	now := open() // the one before was killed
	missing(now, rows[:6], 2)
	f.broken.Store(true)
	if err := add(now, rows[4:8]); err == nil {
		t.Fatal("the front's error is not told")
	}
	missing(now, rows, 2)
}
