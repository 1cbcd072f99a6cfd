package decode_test

import (
	"bytes"
	"io"
	"runtime"
	"testing"
	"time"

	"vigil/decode"
)

// none fails when f allocates.
func none(t *testing.T, what string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(20, f); n != 0 {
		t.Errorf("%s allocates %v times", what, n)
	}
}

func TestNothingAllocates(t *testing.T) {
	room := make([]byte, 0, 1<<16)
	filter, err := decode.ParseFilter(`kind~e pid!=1 user!=x name!=x exe!=x args!~"x y" cwd!=x path!=x host!=x container!=x image!=x pod!=x ip!=9.9.9.9 port!=1 flag!=stack`)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds() {
		b := sample(t, k).Bytes()
		for _, a := range []*decode.Actor{nil, someone()} {
			none(t, k.String()+" Decode", func() {
				r, err := decode.Decode(b)
				if err != nil {
					t.Fatal(err)
				}
				for i := range 8 {
					r.Text(i)
				}
				for a := range decode.Arguments(r.Text(1)) {
					runtime.KeepAlive(len(a))
				}
			})
			r := sample(t, k)
			none(t, k.String()+" AppendJSON", func() { decode.AppendJSON(room, r, a) })
			none(t, k.String()+" AppendText", func() { decode.AppendText(room, r, a, decode.Style{Colour: true, Zone: time.UTC}) })
			none(t, k.String()+" AppendText, local", func() { decode.AppendText(room, r, a, decode.Style{}) })
			none(t, k.String()+" Filter.Match", func() { filter.Match(r, a) })
		}
	}
}

func TestHostileNamesDoNotAllocate(t *testing.T) {
	room := make([]byte, 0, 1<<16)
	for _, name := range hostile() {
		r := rename(name)
		none(t, name, func() {
			decode.AppendJSON(room, r, nil)
			decode.AppendText(room, r, nil, decode.Style{})
		})
	}
}

func TestDNSDoesNotAllocate(t *testing.T) {
	message := sample(t, decode.KindDNS).Text(decode.DNSMessageText)
	room := make([]byte, 0, 1024)
	none(t, "DNS", func() {
		m, err := decode.ParseDNS(message)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for r := (decode.DNSRecord{}); m.Next(&r); n++ {
			out := r.Name.AppendTo(room)
			out = r.Type.AppendTo(out)
			_ = r.AppendData(out)
		}
		if n != 2 {
			t.Fatalf("%d records", n)
		}
	})
}

func TestRecordingDoesNotAllocate(t *testing.T) {
	r := sample(t, decode.KindExec)
	w, err := decode.NewWriter(io.Discard, meta())
	if err != nil {
		t.Fatal(err)
	}
	none(t, "Writer.Write", func() {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	})
	var out bytes.Buffer
	if w, err = decode.NewWriter(&out, meta()); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	d, err := decode.NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	none(t, "Reader.Next", func() {
		if _, err := d.Next(); err != nil {
			t.Fatal(err)
		}
	})
}
