package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"vigil/uplink/batch"
)

const (
	segmentMagic   = "VIGSPOOL"
	segmentVersion = 1
	segmentHeader  = 40
	entryMagic     = "VENT"
	entryHeader    = 48
	// mostBatch bounds a batch, bytes: a longer one is damaged.
	mostBatch = 64 << 20
)

// item is an entry in a segment.
type item struct {
	Entry
	at       int64 // of its header, in the file
	released bool
	given    bool // by Next, perhaps in an earlier life: it may have arrived
}

// file is what a segment needs of one.
type file interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// segment is one file of a log.
type segment struct {
	path   string
	file   file
	class  batch.Class
	first  uint64 // no sequence of it is below
	next   uint64 // the lowest that can follow it
	items  []item
	size   int64
	synced int64 // what is durable
	flight *flight
	left   int // items that are not released
}

func checksum(parts ...[]byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	var sum uint32
	for _, b := range parts {
		sum = crc32.Update(sum, table, b)
	}
	return sum
}

// appendSegmentHeader appends what a segment begins with.
func appendSegmentHeader(dst []byte, c batch.Class, epoch, first uint64) []byte {
	start := len(dst)
	dst = append(dst, segmentMagic...)
	dst = append(dst, segmentVersion, byte(c), 0, 0, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint64(dst, epoch)
	dst = binary.LittleEndian.AppendUint64(dst, first)
	dst = append(dst, 0, 0, 0, 0)
	return binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
}

func parseSegmentHeader(b []byte) (c batch.Class, epoch, first uint64, err error) {
	switch {
	case len(b) < segmentHeader || string(b[:8]) != segmentMagic:
		return 0, 0, 0, errors.New("it does not begin as a segment")
	case checksum(b[:36]) != binary.LittleEndian.Uint32(b[36:]):
		return 0, 0, 0, errors.New("the checksum of its header is another")
	case b[8] != segmentVersion:
		return 0, 0, 0, fmt.Errorf("%w: %d, this vigil reads version %d", errVersion, b[8], segmentVersion)
	}
	return batch.Class(b[9]), binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:]), nil
}

// appendEntry appends an entry: its header has a checksum of its own, so that what a
// damaged batch was is known.
func appendEntry(dst []byte, e Entry, b []byte) []byte {
	start := len(dst)
	dst = append(dst, entryMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b)))
	dst = binary.LittleEndian.AppendUint64(dst, e.Sequence)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Time.UnixNano()))
	dst = binary.LittleEndian.AppendUint64(dst, e.Epoch)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(e.Events))
	dst = append(dst, byte(e.Class), 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, checksum(b))
	dst = binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
	return append(dst, b...)
}

// parseEntry reads the header of an entry, and the checksum of its batch.
func parseEntry(b []byte) (e Entry, sum uint32, ok bool) {
	if len(b) < entryHeader || string(b[:4]) != entryMagic || checksum(b[:44]) != binary.LittleEndian.Uint32(b[44:]) {
		return Entry{}, 0, false
	}
	e = Entry{
		Size: int(binary.LittleEndian.Uint32(b[4:])), Sequence: binary.LittleEndian.Uint64(b[8:]),
		Time: time.Unix(0, int64(binary.LittleEndian.Uint64(b[16:]))), Epoch: binary.LittleEndian.Uint64(b[24:]),
		Events: int(binary.LittleEndian.Uint32(b[32:])), Class: batch.Class(b[36]),
	}
	return e, binary.LittleEndian.Uint32(b[40:]), e.Size <= mostBatch
}

func segmentName(c batch.Class, first uint64) string {
	return fmt.Sprintf("%s-%016x.log", c, first)
}

// damage is what of a segment cannot be read.
type damage struct {
	entries []Entry // whose headers are whole
	holes   []hole  // where nothing is known, but at the end
	torn    bool    // the end is not whole
}

// hole is where a segment may have had entries: with sequences from one to before another.
type hole struct{ from, to uint64 }

// scan reads a segment from its beginning. What cannot be read is passed over: the next
// entry is looked for.
func scan(r io.ReaderAt, size int64, class batch.Class, epoch, first uint64) (items []item, good int64, d damage) {
	window := &window{r: r, size: size}
	last := first
	lost := false
	at := int64(segmentHeader)
	for good = at; at+entryHeader <= size; {
		head := window.bytes(at, entryHeader)
		e, sum, ok := parseEntry(head)
		ok = ok && e.Class == class && e.Epoch == epoch && e.Sequence >= last
		if !ok {
			lost = true
			at = window.find(at+1, entryMagic)
			continue
		}
		if lost && e.Sequence > last {
			d.holes = append(d.holes, hole{last, e.Sequence})
		}
		lost = false
		end := at + entryHeader + int64(e.Size)
		if end > size {
			break
		}
		last = e.Sequence + 1
		if body := window.bytes(at+entryHeader, e.Size); checksum(body) != sum {
			d.entries = append(d.entries, e)
			if _, _, ok := parseEntry(window.bytes(end, entryHeader)); ok || end == size {
				at = end
			} else { // another may have been written over it
				at, lost = window.find(at+entryHeader, entryMagic), true
			}
			continue
		}
		items = append(items, item{Entry: e, at: at})
		at, good = end, end
	}
	d.torn = good < size
	return items, good, d
}

// window reads a file piece by piece.
type window struct {
	r    io.ReaderAt
	size int64
	at   int64
	b    []byte
}

const windowBytes = 256 << 10

// bytes gives n bytes at a place, or fewer at the end or where reading fails.
func (w *window) bytes(at int64, n int) []byte {
	if at >= w.at && at+int64(n) <= w.at+int64(len(w.b)) {
		return w.b[at-w.at:][:n]
	}
	room := max(n, windowBytes)
	if cap(w.b) < room {
		w.b = make([]byte, room)
	}
	w.b = w.b[:min(int64(room), max(w.size-at, 0))]
	got, err := w.r.ReadAt(w.b, at)
	if err != nil {
		w.b = w.b[:got]
	}
	w.at = at
	return w.b[:min(n, len(w.b))]
}

// find gives the next place of what is looked for, or the end.
func (w *window) find(at int64, what string) int64 {
	for at+int64(len(what)) <= w.size {
		b := w.bytes(at, windowBytes)
		if len(b) < len(what) {
			break
		}
		for i := 0; i+len(what) <= len(b); i++ {
			if string(b[i:i+len(what)]) == what {
				return at + int64(i)
			}
		}
		at += int64(len(b) - len(what) + 1)
	}
	return w.size
}

// openSegment reads a segment that was there before. The epoch, when it is known, makes
// up for a header that is damaged. The error says why it is none.
func openSegment(path string, epoch uint64) (*segment, uint64, damage, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, 0, damage{}, err
	}
	s, of, d, err := readSegment(f, path, epoch)
	if err != nil {
		return nil, 0, damage{}, errors.Join(fmt.Errorf("segment %s: %w", filepath.Base(path), err), f.Close())
	}
	return s, of, d, nil
}

// errVersion is a segment of a vigil to come: nobody deletes it.
var errVersion = errors.New("another version")

func readSegment(f *os.File, path string, epoch uint64) (*segment, uint64, damage, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, damage{}, err
	}
	var head [segmentHeader]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, damage{}, err
	}
	class, of, first, err := parseSegmentHeader(head[:n])
	if errors.Is(err, errVersion) {
		return nil, 0, damage{}, err
	}
	if err != nil {
		var ok bool
		if class, first, ok = parseName(path); !ok || epoch == 0 || n < len(head) {
			return nil, 0, damage{}, err
		}
		of = epoch
	}
	if epoch != 0 && of != epoch {
		return nil, 0, damage{}, fmt.Errorf("epoch %016x, the spool is of %016x", of, epoch)
	}
	if class != batch.Events && class != batch.Alerts {
		return nil, 0, damage{}, fmt.Errorf("no class %d", class)
	}
	items, good, d := scan(f, info.Size(), class, of, first)
	s := &segment{path: path, file: f, class: class, first: first, next: first, items: items, size: good, left: len(items)}
	if n := len(items); n > 0 {
		s.next = items[n-1].Sequence + 1
	}
	for _, e := range d.entries {
		s.next = max(s.next, e.Sequence+1)
	}
	return s, of, d, nil
}

// parseName reads what segmentName wrote.
func parseName(path string) (c batch.Class, first uint64, ok bool) {
	for _, c = range [...]batch.Class{batch.Events, batch.Alerts} {
		if n, err := fmt.Sscanf(filepath.Base(path), c.String()+"-%016x.log", &first); n == 1 && err == nil {
			return c, first, true
		}
	}
	return 0, 0, false
}

// sync makes durable what was written until now.
func (s *segment) sync() error {
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("sync spool: %w", err)
	}
	s.synced = s.size
	return nil
}
