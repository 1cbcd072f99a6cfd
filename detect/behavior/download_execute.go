package behavior

import (
	"bytes"
	"hash/maphash"

	"vigil/decode"
	"vigil/detect"
)

const (
	downloadWindow = 30 * minute
	pipeWindow     = 5 * second
	lateWindow     = second // by which a write may be told after the exec
)

// DownloadExecute looks for a file that a downloader wrote and that is run within
// half an hour, by whatever name it has then, and for a download that is piped
// into a shell.
type DownloadExecute struct {
	seed       maphash.Seed
	file, pipe detect.Finding
	files      slots[uint64] // by identity and by path: when written
	last       uint64        // when a downloader was last seen at work
	runs       slots[run]    // by the same: what ran, for writes that are told later
	pipes      slots[pair]   // by the process that started both ends
}

type run struct{ time, process uint64 }

// NewDownloadExecute makes the machine.
func NewDownloadExecute(seed maphash.Seed) *DownloadExecute {
	return &DownloadExecute{
		seed: seed, files: newSlots[uint64](2048), runs: newSlots[run](1024), pipes: newSlots[pair](256),
		file: detect.Finding{
			Rule: "vigil-download-execute", Title: "File downloaded, then run", Severity: decode.Medium, Tactic: "command-and-control", Technique: "T1105",
			Next: "Ask who installed it. If nobody did, end what it started, keep the file, and block the address it came from.",
		},
		pipe: detect.Finding{
			Rule: "vigil-download-pipe", Title: "Download piped into a shell", Severity: decode.Medium, Tactic: "execution", Technique: "T1059.004",
			Next: "Fetch the same address from an isolated machine and read what it runs; ask who did it.",
		},
	}
}

// Kinds are the records it wants to see.
func (m *DownloadExecute) Kinds() Kinds {
	return kinds(decode.KindFileOpen, decode.KindFileWrite, decode.KindFileRename, decode.KindExec)
}

// Findings are what it may find.
func (m *DownloadExecute) Findings() []*detect.Finding { return []*detect.Finding{&m.file, &m.pipe} }

// Glance implements Glancer.
func (m *DownloadExecute) Glance(e *Event) Glance {
	name := e.image()
	switch e.Kind() {
	case decode.KindFileOpen, decode.KindFileWrite:
		if !downloader(name) {
			return Pass
		}
	case decode.KindExec:
		if e.Exec().Flags&decode.ExecScript == 0 && !shell(name) && !interpreter(name) && !downloader(name) {
			return Follow
		}
	}
	return Look
}

// Judge takes one record.
func (m *DownloadExecute) Judge(e *Event) (Alert, bool) {
	switch e.Kind() {
	case decode.KindFileOpen:
		if downloader(e.image()) {
			return m.remember(e, &e.FileOpen().File)
		}
	case decode.KindFileWrite:
		if downloader(e.image()) {
			return m.remember(e, &e.FileWrite().File)
		}
	case decode.KindFileRename:
		if when := m.files.find(m.path(e.Text(decode.FilePairFromText))); when != nil {
			then := *when
			key := m.path(e.Text(decode.FilePairToText))
			to, _ := m.files.at(key, e.Time)
			*to = then
			return m.late(e, key)
		}
	case decode.KindExec:
		if e.glance == Look && downloader(e.image()) {
			m.last = max(m.last, e.Time)
		}
		if m.ran(e) {
			return process(&m.file, e)
		}
		if e.glance == Follow {
			return Alert{}, false
		}
		if m.piped(e) {
			return process(&m.pipe, e)
		}
	}
	return Alert{}, false
}

func (m *DownloadExecute) remember(e *Event, f *decode.FileIdentity) (Alert, bool) {
	m.last = max(m.last, e.Time)
	path := e.Text(decode.FilePathText)
	if bytes.HasPrefix(path, []byte("/dev/")) && !temporary(path) {
		return Alert{}, false
	}
	keys := [...]uint64{m.path(path), identity(f.Device, f.Inode)}
	for _, key := range keys {
		when, _ := m.files.at(key, e.Time)
		*when = e.Time
	}
	for _, key := range keys {
		if alert, ok := m.late(e, key); ok {
			for _, key := range keys {
				m.files.drop(key)
			}
			return alert, true
		}
	}
	return Alert{}, false
}

// late finds what ran a file whose writing was told after it.
func (m *DownloadExecute) late(e *Event, key uint64) (Alert, bool) {
	r := m.runs.find(key)
	if r == nil || r.time < e.Time || r.time-e.Time > lateWindow {
		return Alert{}, false
	}
	ran := r.process
	m.runs.drop(key)
	m.files.drop(key)
	return Alert{&m.file, Entity{Kind: Process, ExecID: ran}}, true
}

func identity(device, inode uint64) uint64 { return mix(inode ^ mix(device)) }

func (m *DownloadExecute) path(b []byte) uint64 { return hashOf(m.seed, b) }

// ran tells whether the image, or the script that an interpreter was given, was
// downloaded. Each download is told once.
func (m *DownloadExecute) ran(e *Event) bool {
	x := e.Exec()
	if m.take(e, identity(x.Device, x.Inode)) {
		return true
	}
	if e.glance == Follow {
		return false
	}
	if x.Flags&decode.ExecScript != 0 && m.given(e, e.Text(decode.ExecFilenameText)) {
		return true
	}
	if !shell(e.image()) && !interpreter(e.image()) {
		return false
	}
	script := argument(e.arguments(), 1)
	return len(script) > 0 && script[0] != '-' && m.given(e, script)
}

// given tells whether a path, which may be relative, was downloaded.
func (m *DownloadExecute) given(e *Event, path []byte) bool {
	path = bytes.TrimPrefix(path, []byte("./"))
	if len(path) == 0 {
		return false
	}
	if path[0] == '/' {
		return m.take(e, m.path(path))
	}
	var h maphash.Hash
	h.SetSeed(m.seed)
	cwd := bytes.TrimSuffix(e.Text(decode.ExecCWDText), []byte("/"))
	_, _ = h.Write(cwd) // never fails
	_ = h.WriteByte('/')
	_, _ = h.Write(path)
	return m.take(e, h.Sum64())
}

func (m *DownloadExecute) take(e *Event, key uint64) bool {
	when := m.files.find(key)
	if when == nil || e.Time < *when || e.Time-*when > downloadWindow {
		if m.last != 0 && e.Time < m.last+downloadWindow { // else nobody will tell of a write
			r, _ := m.runs.at(key, e.Time)
			*r = run{e.Time, e.ExecID}
		}
		return false
	}
	m.files.drop(key)
	return true
}

// piped tells whether this exec completes a pipe from a downloader to a shell.
func (m *DownloadExecute) piped(e *Event) bool {
	x := e.Exec()
	fetches := downloader(e.image()) && x.Stdio[1] == decode.StdioPipe
	runs := shell(e.image()) && x.Stdio[0] == decode.StdioPipe && interactive(e.arguments())
	if !fetches && !runs {
		return false
	}
	p, _ := m.pipes.at(e.ParentExecID, e.Time)
	return p.met(fetches, e.Time, pipeWindow)
}

func interpreter(name []byte) bool {
	return bytes.HasPrefix(name, []byte("python")) || bytes.HasPrefix(name, []byte("perl")) || bytes.HasPrefix(name, []byte("ruby")) ||
		bytes.HasPrefix(name, []byte("php")) || string(name) == "node"
}
