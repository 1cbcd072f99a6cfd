package decode_test

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// mixture is how often each kind comes on a busy server, in hundredths.
var mixture = []struct {
	kind decode.Kind
	n    int
}{
	{decode.KindFileOpen, 30},
	{decode.KindFileWrite, 15},
	{decode.KindFork, 8},
	{decode.KindExec, 8},
	{decode.KindExit, 8},
	{decode.KindMmap, 7},
	{decode.KindConnect, 6},
	{decode.KindFlowEnd, 6},
	{decode.KindDNS, 4},
	{decode.KindFileUnlink, 3},
	{decode.KindFileRename, 3},
	{decode.KindCredentials, 2},
}

// traffic gives records as they lie in a ring, each at a multiple of 8 bytes, and
// where each begins.
func traffic(size int) (buffer []byte, offsets []int) {
	random := rand.New(rand.NewPCG(1, 2))
	words := make([]uint64, size/8)
	buffer = unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
	at := 0
	for {
		roll := random.IntN(100)
		for _, m := range mixture {
			if roll -= m.n; roll >= 0 {
				continue
			}
			b := varied(m.kind, random)
			if at+len(b) > size {
				return buffer[:at], offsets
			}
			offsets = append(offsets, at)
			at += (copy(buffer[at:], b) + 7) &^ 7
			break
		}
	}
}

// varied is Sample with texts of other lengths, where files and programs have them.
func varied(kind decode.Kind, random *rand.Rand) []byte {
	long := []byte("/usr/lib/x86_64-linux-gnu/some/where/deep/in/a/tree/of/directories/that/has/names/of/many/sizes/to/show/file.name")
	path := long[:20+random.IntN(len(long)-20)]
	switch kind {
	case decode.KindFileOpen:
		return recordtest.Build(kind, decode.FileOpen{OpenFlags: 0o1101}, path)
	case decode.KindFileWrite:
		return recordtest.Build(kind, decode.FileWrite{Bytes: 4096, Writes: 1}, path)
	case decode.KindExec:
		arguments := append([]byte("program\x00--with\x00"), long[:random.IntN(len(long))]...)
		return recordtest.Build(kind, decode.Exec{PPID: 1, Argc: 3}, path, append(arguments, 0), []byte("/srv/app"), path, nil, nil, []byte("program"))
	}
	return recordtest.Sample(kind)
}

// perEvent reports the time of one event; sum is what was made of them.
func perEvent(b *testing.B, events int, sum uint64) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
	runtime.KeepAlive(sum)
}

func BenchmarkDecode(b *testing.B) {
	var sum uint64
	buffer, offsets := traffic(1 << 20)
	b.SetBytes(int64(len(buffer)))
	for b.Loop() {
		for at := 0; at < len(buffer); {
			r, err := decode.Decode(buffer[at:])
			if err != nil {
				b.Fatal(err)
			}
			sum += uint64(r.Header.Kind)
			at += int(r.Length+7) &^ 7
		}
	}
	perEvent(b, len(offsets), sum)
	b.ReportMetric(float64(len(buffer))/float64(len(offsets)), "B/event")
}

// BenchmarkDecodeUsed looks at what it decodes as a detector does: the typed view
// and the first text.
func BenchmarkDecodeUsed(b *testing.B) {
	var sum uint64
	buffer, offsets := traffic(1 << 20)
	b.SetBytes(int64(len(buffer)))
	for b.Loop() {
		for at := 0; at < len(buffer); {
			r, err := decode.Decode(buffer[at:])
			if err != nil {
				b.Fatal(err)
			}
			switch r.Kind() {
			case decode.KindFileOpen:
				sum += r.FileOpen().File.Inode
			case decode.KindFileWrite:
				sum += r.FileWrite().Bytes
			case decode.KindExec:
				sum += uint64(r.Exec().PPID) + uint64(len(r.Text(decode.ExecArgumentsText)))
			case decode.KindConnect:
				sum += uint64(r.Socket().Ends.RemotePort)
			}
			sum += uint64(len(r.Text(0)))
			at += int(r.Length+7) &^ 7
		}
	}
	perEvent(b, len(offsets), sum)
}

// BenchmarkCopy is what a reader pays that copies each record out of the ring.
func BenchmarkCopy(b *testing.B) {
	buffer, offsets := traffic(1 << 20)
	room := make([]byte, decode.MaxRecord)
	b.SetBytes(int64(len(buffer)))
	for b.Loop() {
		for i, at := range offsets {
			end := len(buffer)
			if i+1 < len(offsets) {
				end = offsets[i+1]
			}
			copy(room, buffer[at:end])
		}
	}
	perEvent(b, len(offsets), 0)
}

func benchmarkAppend(b *testing.B, write func(dst []byte, r decode.Record) []byte) {
	buffer, offsets := traffic(1 << 20)
	room, total := make([]byte, 0, 1<<16), 0
	b.ReportAllocs()
	for b.Loop() {
		total = 0
		for _, at := range offsets {
			r, err := decode.Decode(buffer[at:])
			if err != nil {
				b.Fatal(err)
			}
			total += len(write(room[:0], r))
		}
	}
	perEvent(b, len(offsets), 0)
	b.ReportMetric(float64(total)/float64(len(offsets)), "B/event")
}

func BenchmarkAppendJSON(b *testing.B) {
	a := someone()
	benchmarkAppend(b, func(dst []byte, r decode.Record) []byte { return decode.AppendJSON(dst, r, a) })
}

func BenchmarkAppendText(b *testing.B) {
	a, style := someone(), decode.Style{Colour: true, Zone: time.UTC}
	benchmarkAppend(b, func(dst []byte, r decode.Record) []byte { return decode.AppendText(dst, r, a, style) })
}

func BenchmarkFilter(b *testing.B) {
	var sum uint64
	buffer, offsets := traffic(1 << 20)
	f, err := decode.ParseFilter("kind=exec,file_open uid!=0 path~/etc/,.name")
	if err != nil {
		b.Fatal(err)
	}
	a := someone()
	for b.Loop() {
		for _, at := range offsets {
			r, _ := decode.Decode(buffer[at:])
			if f.Match(r, a) {
				sum++
			}
		}
	}
	perEvent(b, len(offsets), sum)
}

func BenchmarkDNS(b *testing.B) {
	var sum uint64
	message := recordtest.Answer("www.example.com", decode.DNSTypeA, []byte{1, 2, 3, 4})
	var room [1024]byte
	b.ReportAllocs()
	for b.Loop() {
		m, err := decode.ParseDNS(message)
		if err != nil {
			b.Fatal(err)
		}
		for rr := (decode.DNSRecord{}); m.Next(&rr); {
			sum += uint64(len(rr.Name.AppendTo(room[:0])))
		}
	}
	runtime.KeepAlive(sum)
}

// someone is an actor of whom all is known.
func someone() *decode.Actor {
	return &decode.Actor{
		Path: []byte("/usr/bin/bash"), Arguments: []byte("bash\x00-c\x00make all\x00"), Comm: []byte("bash"), CWD: []byte("/srv"),
		User: "deploy", PID: 1234, PPID: 1200, Start: 900_000_000_000, ExecID: 0x1122334455667788,
		BootOffset: 1_700_000_000_000_000_000, Hostname: "web1",
		Container: decode.Container{
			ID: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Name: "web", Image: "nginx:1.27",
			Runtime: "containerd", PodUID: "5d0b0d3e-0000-4000-8000-000000000000", PodName: "web-0", PodNamespace: "shop",
		},
		Parent: &decode.Actor{Path: []byte("/usr/sbin/sshd"), Arguments: []byte("sshd: deploy\x00"), Comm: []byte("sshd"), PID: 1200},
	}
}
