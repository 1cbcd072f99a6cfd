package spool_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

const appendVariable = "VIGIL_SPOOL_APPEND"

func TestMain(m *testing.M) {
	if dir := os.Getenv(appendVariable); dir != "" {
		fmt.Fprintln(os.Stderr, appendUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func crashSettings() spool.Settings {
	return spool.Settings{MaxBytes: 300_000, SegmentBytes: 12_000, SyncEvery: time.Millisecond}
}

func crashClass(n uint64) batch.Class {
	if n%5 == 0 {
		return batch.Alerts
	}
	return batch.Events
}

// appendUntilKilled appends, reads and releases, and prints what it has been told of.
func appendUntilKilled(dir string) error {
	p, err := spool.Open(dir, crashSettings(), quiet())
	if err != nil {
		return err
	}
	for n := p.Stats().Next; ; n++ {
		if _, err := fmt.Printf("append %d\n", n); err != nil {
			return err
		}
		e, err := p.Append(crashClass(n), int(n), content(n))
		if err != nil {
			return err
		}
		fmt.Printf("appended %d\n", e.Sequence)
		if n%3 != 0 {
			continue
		}
		e, _, err = p.Next(nil)
		if err != nil {
			return err
		}
		fmt.Printf("release %d\n", e.Sequence)
		if err := p.Release(e.Sequence); err != nil {
			return err
		}
		fmt.Printf("released %d\n", e.Sequence)
	}
}

// A program is killed at any moment. What it was told is appended is there, unless it
// was released or is told as dropped; what it was told is released is not.
func TestKilled(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 8
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	released, maybe := map[uint64]bool{}, uint64(0)
	var last, started uint64
	for range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), appendVariable+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		left := 1 + random.IntN(200)
		for {
			line, err := lines.ReadString('\n')
			if err == io.EOF {
				break
			}
			var did string
			var n uint64
			if _, err := fmt.Sscan(line, &did, &n); err != nil {
				t.Fatal(err)
			}
			switch did {
			case "append":
				started = n
			case "appended":
				last = n
			case "release":
				maybe = n
			case "released":
				released[n] = true
			}
			if left--; left == 0 {
				time.Sleep(time.Duration(random.IntN(500)) * time.Microsecond) // anywhere in what it does then
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // killed
		checkKilled(t, dir, last, started, maybe, released)
	}
	t.Logf("%d batches appended, %d released, in %d lives", last, len(released), rounds)
}

func checkKilled(t *testing.T, dir string, last, started, maybe uint64, released map[uint64]bool) {
	t.Helper()
	p := open(t, dir, crashSettings())
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	next := p.Stats().Next
	if next != last+1 && next != started+1 {
		t.Fatalf("%d was appended last, %d begun, the next is %d", last, started, next)
	}
	if maybe > 0 && !released[maybe] { // killed in Release, or dropped before
		there := false
		for _, e := range drain(t, p) {
			there = there || e.Sequence == maybe
		}
		dropped := false
		for _, d := range p.Drops() {
			dropped = dropped || d.Class == crashClass(maybe) && maybe >= d.First && maybe <= d.Last
		}
		if !there && !dropped {
			released[maybe] = true
		}
	}
	accounted(t, p, next-1, crashClass, released)
}
