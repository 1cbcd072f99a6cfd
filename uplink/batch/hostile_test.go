package batch_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"vigil/decode"
	"vigil/uplink/batch"
)

const headerLength = 40

// seal makes length and checksum of a block right again.
func seal(b []byte) []byte {
	if len(b) < headerLength {
		return b
	}
	binary.LittleEndian.PutUint32(b[28:], uint32(len(b)-headerLength))
	table := crc32.MakeTable(crc32.Castagnoli)
	binary.LittleEndian.PutUint32(b[36:], crc32.Update(crc32.Checksum(b[:36], table), table, b[headerLength:]))
	return b
}

// sealed is a block with another payload.
func sealed(tb testing.TB, header, payload []byte) []byte {
	tb.Helper()
	return sealedBy(compressor(tb), header, payload)
}

func compressor(tb testing.TB) *zstd.Encoder {
	tb.Helper()
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

func sealedBy(z *zstd.Encoder, header, payload []byte) []byte {
	b := z.EncodeAll(payload, bytes.Clone(header[:headerLength]))
	binary.LittleEndian.PutUint32(b[24:], uint32(len(payload)))
	return seal(b)
}

// payloadOf is what a block has, decompressed.
func payloadOf(tb testing.TB, b []byte) []byte {
	tb.Helper()
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		tb.Fatal(err)
	}
	defer z.Close()
	payload, err := z.DecodeAll(b[headerLength:], nil)
	if err != nil {
		tb.Fatal(err)
	}
	return payload
}

// use reads all that a block has.
func use(b []byte, l batch.Limits) (events, alerts int, err error) {
	block, err := batch.Decode(b, l)
	if err != nil {
		return 0, 0, err
	}
	err = block.Events(func(r decode.Record, a *decode.Actor) bool {
		events++
		return true
	})
	return events, alerts, errors.Join(err, block.Alerts(func([]byte) bool { alerts++; return true }))
}

func TestDecodeRefuses(t *testing.T) {
	whole := encode(samples(t))
	change := func(f func(b []byte)) []byte { b := bytes.Clone(whole); f(b); return b }
	put := func(at int, v uint32) []byte {
		return seal(change(func(b []byte) { binary.LittleEndian.PutUint32(b[at:], v) }))
	}
	for _, c := range []struct {
		name string
		b    []byte
		want error
		says string
	}{
		{"nothing", nil, batch.ErrDamaged, "0 bytes, a header has 40"},
		{"something else", []byte(strings.Repeat("x", 100)), batch.ErrDamaged, "begin with VIGB"},
		{"a version to come", change(func(b []byte) { b[4] = 3 }), batch.ErrVersion, "3, this vigil reads version 2"},
		{"less than all", whole[:len(whole)-1], batch.ErrDamaged, "it tells of"},
		{"more than all", append(bytes.Clone(whole), 0), batch.ErrDamaged, "it tells of"},
		{"another byte", change(func(b []byte) { b[len(b)/2] ^= 1 }), batch.ErrDamaged, "checksum"},
		{"another class", seal(change(func(b []byte) { b[5] = byte(batch.Alerts) })), batch.ErrDamaged, "contradicts"},
		{"more events than allowed", put(8, 1<<20), batch.ErrLimit, "1048576 events and alerts, at most 131072"},
		{"more records than allowed", put(16, 1<<30), batch.ErrLimit, "bytes of records"},
		{"more than allowed", put(24, 1<<30), batch.ErrLimit, "becomes more than"},
		{"another size", put(24, 1<<20), batch.ErrDamaged, "when decompressed, it tells of 1048576"},
		{"less than it has", put(24, 16), batch.ErrDamaged, "decompress"},
		{"fewer events than it has", put(8, 3), batch.ErrDamaged, ""},
		{"more events than it has", put(8, 1000), batch.ErrDamaged, ""},
		{"shorter records than it has", put(16, 100), batch.ErrDamaged, "longer than it tells"},
		{"longer records than it has", put(16, 1<<20), batch.ErrDamaged, "more than its events tell of"},
		{"no payload", sealed(t, whole, nil), batch.ErrDamaged, "meta"},
		{"a payload that ends early", sealed(t, whole, payloadOf(t, whole)[:500]), batch.ErrDamaged, ""},
		{"a payload that goes on", sealed(t, whole, append(payloadOf(t, whole), 0)), batch.ErrDamaged, "columns"},
	} {
		if _, _, err := use(c.b, batch.DefaultLimits()); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %v that says %q", c.name, err, c.want, c.says)
		}
	}
}

// Whatever byte of the payload is another: an error or other events, and no more of
// them, nor more memory, than was promised.
func TestEveryByteDamaged(t *testing.T) {
	c := mixed(t, 120)
	c.events = append(c.events, samples(t).events[:60]...)
	whole := encode(c)
	payload := payloadOf(t, whole)
	refused, tried, step := 0, 0, 3
	if testing.Short() {
		step = 30
	}
	for i := 0; i < len(payload); i += step {
		for _, v := range []byte{payload[i] ^ 1, 0xff} {
			tried++
			b := bytes.Clone(payload)
			b[i] = v
			events, _, err := use(sealed(t, whole, b), batch.DefaultLimits())
			if err != nil {
				refused++
				if !errors.Is(err, batch.ErrDamaged) && !errors.Is(err, batch.ErrLimit) {
					t.Fatalf("byte %d is %d: %v", i, v, err)
				}
			} else if events != len(c.events) {
				t.Fatalf("byte %d is %d: %d events without an error", i, v, events)
			}
		}
	}
	if refused < tried/4 {
		t.Errorf("%d changes of %d were refused", refused, tried)
	}
}

// Small blocks that would be large: what they cost is bounded before it is paid.
func TestBombs(t *testing.T) {
	header := encode(&capture{meta: meta()})
	number := binary.AppendUvarint
	head := append(make([]byte, 16), 0, 0, 0, 0) // a meta of nothing
	repeat := func(v uint64, n int) []byte {
		var column []byte
		for range n {
			column = number(column, v)
		}
		return append(number(nil, uint64(len(column))), column...)
	}
	// Each string has all of the one before, and a byte more.
	growing := number(bytes.Clone(head), 1<<20)
	var shared []byte
	for i := range uint64(1 << 20) {
		shared = number(shared, i)
	}
	growing = append(number(growing, uint64(len(shared))), shared...)
	growing = append(growing, repeat(1, 1<<20)...)
	growing = append(growing, repeat('x', 1<<20)...)

	zeros := sealed(t, header, make([]byte, 512<<20))
	for name, b := range map[string][]byte{
		"512 MiB of zeros": zeros,
		"512 MiB of zeros that are told as 1 MiB": seal(func() []byte {
			b := bytes.Clone(zeros)
			binary.LittleEndian.PutUint32(b[24:], 1<<20)
			return b
		}()),
		"strings that grow":   sealed(t, header, growing),
		"a million strings":   sealed(t, header, append(append(append(number(bytes.Clone(head), 30<<20), repeat(0, 30<<20)...), repeat(0, 30<<20)...), 0)),
		"rows without events": sealed(t, header, number(append(bytes.Clone(head), 0, 0, 0, 0, 0), 1<<40)),
		"IDs without end":     sealed(t, header, number(append(bytes.Clone(head), 0, 0, 0, 0), 1<<62)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := use(b, batch.Limits{Bytes: 32 << 20, Events: 1000})
		runtime.ReadMemStats(&after)
		if !errors.Is(err, batch.ErrLimit) && !errors.Is(err, batch.ErrDamaged) {
			t.Errorf("%s, a block of %d bytes: %v", name, len(b), err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 48<<20 {
			t.Errorf("%s took %d MiB, and may take about 32", name, took>>20)
		}
	}
}

func FuzzDecode(f *testing.F) {
	one := samples(f)
	one.events = one.events[len(kinds()):][:len(kinds())]
	whole := encode(one)
	e, z := batch.NewEncoder(meta()), compressor(f)
	e.Alert([]byte("{}"))
	for _, b := range [][]byte{whole, encode(mixed(f, 8)), encode(&capture{meta: meta()}), e.Encode(nil)} {
		f.Add(b, false)
		f.Add(append(bytes.Clone(b[:headerLength]), payloadOf(f, b)...), true)
	}
	limits := batch.Limits{Bytes: 1 << 20, Events: 2000}
	f.Fuzz(func(t *testing.T, b []byte, payload bool) {
		if payload && len(b) >= headerLength { // as a sensor would that means harm
			copy(b, whole[:5])
			b = sealedBy(z, b, b[headerLength:])
		}
		block, err := batch.Decode(b, limits)
		if err != nil {
			if !errors.Is(err, batch.ErrDamaged) && !errors.Is(err, batch.ErrLimit) && !errors.Is(err, batch.ErrVersion) {
				t.Fatalf("an error that is none of them: %v", err)
			}
			return
		}
		events, size := 0, 0
		err = block.Events(func(r decode.Record, a *decode.Actor) bool {
			events, size = events+1, size+len(r.Bytes())
			e.Event(r, a)
			return true
		})
		if events > limits.Events || size > limits.Bytes {
			t.Fatalf("%d events of %d bytes", events, size)
		}
		// What was read is written, and read again: the same.
		once := e.Encode(nil)
		second, wrong := batch.Decode(once, batch.DefaultLimits())
		if wrong == nil {
			wrong = second.Events(func(r decode.Record, a *decode.Actor) bool { e.Event(r, a); return true })
		}
		if wrong != nil || !bytes.Equal(e.Encode(nil), once) {
			t.Fatalf("%d events, %v, are others when written again: %v", events, err, wrong)
		}
	})
}
