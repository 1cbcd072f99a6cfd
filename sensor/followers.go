package sensor

import (
	"net/http"
	"sync"
	"sync/atomic"

	"vigil/decode"
)

// followerQueue bounds what waits for one slow reader, in events.
const followerQueue = 4096

// Followers is a sink that hands events as JSON lines to whoever follows over
// HTTP. A slow reader loses events, is told how many, and slows nobody.
type Followers struct {
	mutex sync.Mutex
	all   map[*follower]struct{}
	count atomic.Int32
	buf   []byte
}

type follower struct {
	lines chan []byte
	kinds uint64
	lost  atomic.Uint64
}

// NewFollowers makes the sink.
func NewFollowers() *Followers { return &Followers{all: map[*follower]struct{}{}} }

// Take hands an event to all who want its kind. Without followers it does nothing.
func (f *Followers) Take(e *Event) {
	if f.count.Load() == 0 {
		return
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	var line []byte
	for to := range f.all {
		if to.kinds>>e.Record.Kind()&1 == 0 {
			continue
		}
		if line == nil {
			f.buf = AppendEvent(f.buf[:0], e)
			line = append([]byte(nil), f.buf...)
		}
		select {
		case to.lines <- line:
		default:
			to.lost.Add(1)
		}
	}
}

// AppendEvent appends an event, and the finding about it, as one JSON line.
func AppendEvent(dst []byte, e *Event) []byte {
	dst = decode.AppendJSON(dst, e.Record, e.Actor)
	if e.Finding != nil {
		dst = append(dst[:len(dst)-1], `,"finding_info":`...)
		dst = e.Finding.AppendJSON(dst)
		dst = append(dst, '}')
	}
	return append(dst, '\n')
}

// ServeHTTP streams events until the reader goes. The query may have kinds=a,b.
func (f *Followers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	me := &follower{lines: make(chan []byte, followerQueue), kinds: ^uint64(0)}
	if names := r.URL.Query()["kind"]; len(names) > 0 {
		c := Config{Kinds: names}
		me.kinds = 0
		for _, n := range names {
			k, ok := decode.ParseKind(n)
			if !ok {
				http.Error(w, c.unknownKind(n).Error(), http.StatusBadRequest)
				return
			}
			me.kinds |= 1 << k
		}
	}
	f.add(me)
	defer f.remove(me)
	w.Header().Set("Content-Type", "application/x-ndjson")
	flush := http.NewResponseController(w)
	if flush.Flush() != nil {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case line := <-me.lines:
			if _, err := w.Write(line); err != nil {
				return
			}
			if n := me.lost.Swap(0); n > 0 {
				if _, err := w.Write(tooSlow(n)); err != nil {
					return
				}
			}
			if len(me.lines) == 0 && flush.Flush() != nil {
				return
			}
		}
	}
}

// tooSlow is the line that tells a reader what it missed.
func tooSlow(n uint64) []byte {
	var l lossRecord
	r, err := l.record(decode.Lost{Records: n, CPU: ^uint32(0), Reason: decode.LostReasonReader}, 0)
	if err != nil {
		return nil
	}
	return AppendEvent(nil, &Event{Record: r})
}

func (f *Followers) add(to *follower) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.all[to] = struct{}{}
	f.count.Store(int32(len(f.all)))
}

func (f *Followers) remove(to *follower) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	delete(f.all, to)
	f.count.Store(int32(len(f.all)))
}
