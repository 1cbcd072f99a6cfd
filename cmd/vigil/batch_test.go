package main

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"vigil/decode"
	"vigil/uplink/batch"
)

// block writes the story as a batch, with an alert.
func block(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: block FILE")
	}
	b, err := story()
	ts.Check(err)
	from, err := decode.NewReader(bytes.NewReader(b))
	ts.Check(err)
	e := batch.NewEncoder(from.Meta())
	for {
		r, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		ts.Check(err)
		e.Event(r, &decode.Actor{Comm: []byte("x"), PID: r.PID, ExecID: r.ExecID, BootOffset: from.Meta().BootOffset, Hostname: from.Meta().Host})
	}
	e.Alert([]byte(`{"finding":"Program run from shared memory"}`))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), e.Encode(nil), 0o600))
}
