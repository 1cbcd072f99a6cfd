package store

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// front is one of a cluster whose rows are found late, as those of a real one are.
type front struct {
	t       *testing.T
	late    time.Duration
	broken  atomic.Bool // it takes rows and answers that it did not
	queries atomic.Int64

	lock sync.Mutex
	rows map[[2]string]time.Time // by sequence and index: when they are found
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
		f.rows[[2]string{row[FieldSequence], row[FieldIndex]}] = time.Now().Add(f.late)
	}
	if f.broken.Load() {
		http.Error(w, "it broke", http.StatusBadGateway)
	}
}

// find answers what Has asks, and what Missing does of one batch.
func (f *front) find(w http.ResponseWriter, r *http.Request) {
	f.queries.Add(1)
	f.lock.Lock()
	defer f.lock.Unlock()
	_, sequence, _ := strings.Cut(r.FormValue("query"), FieldSequence+`":=`)
	sequence, _, _ = strings.Cut(sequence, " ")
	of := map[string]int{}
	for row, from := range f.rows {
		if time.Now().Before(from) {
			continue
		}
		if of[row[0]]++; row[0] == sequence {
			f.say(w, "{%q:%q}\n", FieldIndex, row[1])
		}
	}
	if sequence == "" {
		for sequence, rows := range of {
			f.say(w, "{%q:%q,\"rows\":\"%d\"}\n", FieldSequence, sequence, rows)
		}
	}
}

func (f *front) say(w io.Writer, format string, what ...any) {
	if _, err := fmt.Fprintf(w, format, what...); err != nil {
		f.t.Error(err)
	}
}

// What a server sent before it was killed, or before it heard of an error, is not missing
// only because it is not found yet. It is not asked for each batch.
func TestMissingWaits(t *testing.T) {
	f := &front{t: t, late: 300 * time.Millisecond, rows: map[[2]string]time.Time{}}
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
	missing := func(c *Cluster, rows []Row, want int, queries int64) {
		t.Helper()
		before := f.queries.Load()
		got, err := Missing(t.Context(), c, rows)
		if err != nil || len(got) != want {
			t.Errorf("%d of %d are missing, want %d: %v", len(got), len(rows), want, err)
		}
		if n := f.queries.Load() - before; n != queries {
			t.Errorf("%d queries, want %d", n, queries)
		}
	}
	const batches, each = 100, 10
	var rows []Row
	for i := range batches * each {
		row := jsonRow(i%each, "exec", "{}")
		row.Sequence = uint64(1 + i/each)
		rows = append(rows, row)
	}
	before := open()
	if err := before.Add(t.Context(), rows[:4*each+3]); err != nil {
		t.Fatal(err)
	}
	now := open() // the one before was killed
	missing(now, rows, len(rows)-4*each-3, 2)
	f.broken.Store(true)
	if err := now.Add(t.Context(), rows[4*each+3:7*each]); err == nil {
		t.Fatal("the front's error is not told")
	}
	missing(now, rows, len(rows)-7*each, 3) // each that was tried
	f.broken.Store(false)
	if err := now.Add(t.Context(), rows[7*each:]); err != nil {
		t.Fatal(err)
	}
	missing(open(), rows, 0, 1)
}
