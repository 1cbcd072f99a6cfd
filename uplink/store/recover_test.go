package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"
)

// testRecovery: after a crash in the middle of things, Has and Missing tell what is to
// be added again, and nothing comes twice.
func testRecovery(t *testing.T, s Store) {
	w := newWorld(5, sensorID, time.Now().Add(-time.Minute), time.Microsecond)
	var rows []Row
	for range 5 * batchRows {
		rows = append(rows, w.next())
	}
	add(t, s, rows[:2*batchRows]...)              // 1 and 2
	add(t, s, rows[3*batchRows:3*batchRows+7]...) // of 4 its first rows
	other := jsonRow(0, "exec", "{}")             // of another epoch
	add(t, s, other)
	for from, want := range map[uint64][]Batch{1: {{1, batchRows}, {2, batchRows}, {4, 7}}, 2: {{2, batchRows}, {4, 7}}, 5: nil} {
		got, err := Has(t.Context(), s, sensorID, w.epoch, from)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("from %d: %v, %v, want %v", from, got, err, want)
		}
	}
	if got, err := Has(t.Context(), s, "other", w.epoch, 1); err != nil || len(got) != 0 {
		t.Errorf("of another sensor: %v, %v", got, err)
	}
	missing, err := Missing(t.Context(), s, rows)
	if err != nil || len(missing) != len(rows)-2*batchRows-7 {
		t.Fatalf("%d rows are missing, %v", len(missing), err)
	}
	add(t, s, missing...)
	if n, err := Count(t.Context(), s, Query{LogsQL: fmt.Sprintf("%s:=%d", FieldEpoch, w.epoch)}); err != nil || n != uint64(len(rows)) {
		t.Errorf("%d rows, %v, want %d", n, err, len(rows))
	}
	if missing, err := Missing(t.Context(), s, rows); err != nil || len(missing) != 0 {
		t.Errorf("%d rows are missing, %v", len(missing), err)
	}
}

func TestRecovery(t *testing.T) { testRecovery(t, open(t, t.TempDir())) }

const childVariable = "VIGIL_STORE_CHILD"

// TestMain runs the child of TestKill: it adds batches and says which are flushed.
func TestMain(m *testing.M) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	e, err := Open(dir, Settings{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	w := newWorld(6, sensorID, time.Now().Add(-time.Hour), 100*time.Microsecond)
	for sequence := uint64(1); ; sequence++ {
		w.release()
		var rows []Row
		for range batchRows {
			rows = append(rows, w.next())
		}
		if err := e.Add(context.Background(), rows); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		if sequence%3 == 0 {
			if err := e.Flush(context.Background()); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			fmt.Println("flushed", sequence)
		}
	}
}

// What is flushed survives kill -9 at any moment, in whole; what is not may be there in part.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	rounds := 4
	if testing.Short() {
		rounds = 1
	}
	for round := range rounds {
		flushed := killed(t, fmt.Sprintf("%s/%d", dir, round), 2+3*round, time.Duration(round)*7*time.Millisecond)
		s := open(t, fmt.Sprintf("%s/%d", dir, round))
		w := newWorld(6, sensorID, time.Now(), time.Microsecond)
		got, err := Has(t.Context(), s, sensorID, w.epoch, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range flushed {
			if uint64(len(got)) <= i || got[i] != (Batch{i + 1, batchRows}) {
				t.Fatalf("round %d: %d batches were flushed, and batch %d is not whole: %v", round, flushed, i+1, got)
			}
		}
		// Streams are found as well, not only rows.
		n, err := Count(t.Context(), s, Query{LogsQL: stream(sensorID) + fmt.Sprintf(" %s:<=%d", FieldSequence, flushed)})
		if err != nil || n != flushed*batchRows {
			t.Fatalf("round %d: %d rows in the sensor's streams, %v, want %d", round, n, err, flushed*batchRows)
		}
		add(t, s, jsonRow(0, "exec", "{}")) // it goes on
	}
}

// killed runs the child, kills it some time after a number of flushes, and gives the
// last batch that was flushed.
func killed(t *testing.T, dir string, flushes int, later time.Duration) (last uint64) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self)
	child.Env = append(os.Environ(), childVariable+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	said := ""
	for n := 0; lines.Scan(); {
		said += lines.Text() + "\n"
		if _, err := fmt.Sscanf(lines.Text(), "flushed %d", &last); err != nil {
			break
		}
		if n++; n == flushes {
			time.AfterFunc(later, func() { _ = child.Process.Kill() }) // at another moment each round
		}
	}
	if err := child.Wait(); err == nil || last == 0 || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended with %v, and said\n%s", err, said)
	}
	return last
}
