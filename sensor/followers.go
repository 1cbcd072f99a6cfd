package sensor

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"vigil/decode"
	"vigil/detect"
)

// What waits for one slow reader, and how many readers there may be.
const (
	followerQueue = 4096    // events
	followerBytes = 4 << 20 // of their lines
	maxFollowers  = 64
)

// Followers is a sink that hands events to whoever follows over HTTP. A slow
// reader loses events, is told how many, and slows nobody.
type Followers struct {
	mutex sync.Mutex
	all   map[*follower]struct{}
	count atomic.Int32
	room  []byte
	loss  lossRecord
}

// form is how a follower wants its lines.
type form uint8

const (
	formJSON form = iota
	formText
	formColour
	formCount
)

type follower struct {
	lines  chan []byte
	bytes  atomic.Int64 // of lines
	kinds  uint64
	filter *decode.Filter
	form   form
	alerts bool         // it wants alerts, all of them and nothing else
	missed decode.Lost  // Followers.mutex holds it, as all below
	actor  decode.Actor // of what tells of it
}

// NewFollowers makes the sink.
func NewFollowers() *Followers { return &Followers{all: map[*follower]struct{}{}} }

// Take hands an event to all who want it. Without followers it does nothing.
func (f *Followers) Take(e *Event) {
	if f.count.Load() > 0 {
		f.tell(e, func(to *follower) bool { return to.wants(e) }, func(m form, dst []byte) []byte { return m.append(dst, e) })
	}
}

// Alert hands an alert to all who want its event, and to who wants alerts.
func (f *Followers) Alert(a *detect.Alert, did detect.Activity, e *Event) {
	if f.count.Load() > 0 {
		f.tell(e, func(to *follower) bool { return to.wantsAlert(a, e) }, func(m form, dst []byte) []byte { return m.appendAlert(dst, a, did) })
	}
}

// tell hands a line to those who want it, written once in each form that they ask for.
func (f *Followers) tell(e *Event, wants func(*follower) bool, write func(form, []byte) []byte) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	var lines [formCount][]byte
	for to := range f.all {
		if !wants(to) {
			continue
		}
		line := &lines[to.form]
		if *line == nil {
			f.room = write(to.form, f.room[:0])
			*line = append([]byte(nil), f.room...)
		}
		f.send(to, *line, e)
	}
}

func (to *follower) wants(e *Event) bool {
	return !to.alerts && to.kinds>>e.Record.Kind()&1 != 0 && e.Matches(to.filter)
}

// wantsAlert: who follows events sees the alerts about those that are shown.
func (to *follower) wantsAlert(a *detect.Alert, e *Event) bool {
	if to.alerts {
		return true
	}
	if a.Dismissed() || to.form != formJSON && a.Finding.Severity < decode.Low {
		return false
	}
	if e == nil { // it closes one: with a filter nobody can know whether it was shown before
		return to.filter.All()
	}
	return to.wants(e)
}

// send hands a line to a follower, or notes that it missed it.
func (f *Followers) send(to *follower, line []byte, e *Event) {
	if to.missed.Records > 0 && to.offer(f.told(to)) {
		to.missed = decode.Lost{}
	}
	if to.missed.Records > 0 || !to.offer(line) {
		to.miss(e)
	}
}

// Flush has nothing to do: what is taken is on its way.
func (f *Followers) Flush() {}

// offer puts a line into the queue, if there is room.
func (to *follower) offer(line []byte) bool {
	if to.bytes.Load()+int64(len(line)) > followerBytes {
		return false
	}
	select {
	case to.lines <- line:
		to.bytes.Add(int64(len(line)))
		return true
	default:
		return false
	}
}

// miss notes that the line about an event was missed; nil: of none.
func (to *follower) miss(e *Event) {
	if to.missed.Records == 0 {
		to.missed = decode.Lost{CPU: ^uint32(0), Reason: decode.LostReasonReader}
	}
	to.missed.Records++
	if e == nil {
		return
	}
	if to.missed.Since == 0 {
		to.missed.Since = e.Record.Time
		if a := e.Actor(); a != nil {
			to.actor = decode.Actor{BootOffset: a.BootOffset, Hostname: a.Hostname}
		}
	}
	to.missed.Until = max(to.missed.Until, e.Record.Time)
}

// told is the line that tells a follower what it missed.
func (f *Followers) told(to *follower) []byte {
	r, err := f.loss.record(to.missed, to.missed.Until)
	if err != nil {
		return nil
	}
	return to.form.append(nil, &Event{Record: r, actor: &to.actor})
}

func (m form) append(dst []byte, e *Event) []byte {
	if m == formJSON {
		return AppendEvent(dst, e)
	}
	return AppendLine(dst, e, decode.Style{Colour: m == formColour})
}

func (m form) appendAlert(dst []byte, a *detect.Alert, did detect.Activity) []byte {
	if m == formJSON {
		return AppendAlert(dst, a, did)
	}
	return AppendAlertLine(dst, a, decode.Style{Colour: m == formColour})
}

// ServeAlerts streams alerts, dismissed ones too. The query may have form.
func (f *Followers) ServeAlerts(w http.ResponseWriter, r *http.Request) { f.serve(w, r, true) }

// ServeHTTP streams events until the reader goes. The query may have kind (several),
// filter (see decode.Filter) and form (json, text or colour).
func (f *Followers) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.serve(w, r, false) }

func (f *Followers) serve(w http.ResponseWriter, r *http.Request, alerts bool) {
	me, err := newFollower(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	me.alerts = alerts
	if !f.add(me) {
		http.Error(w, fmt.Sprintf("%d follow already: end one", maxFollowers), http.StatusServiceUnavailable)
		return
	}
	defer f.remove(me)
	w.Header().Set("Content-Type", me.form.contentType())
	flush := http.NewResponseController(w)
	if flush.Flush() != nil {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case line := <-me.lines:
			me.bytes.Add(-int64(len(line)))
			if _, err := w.Write(line); err != nil {
				return
			}
		}
		if len(me.lines) > 0 {
			continue
		}
		if _, err := w.Write(f.tellMissed(me)); err != nil || flush.Flush() != nil {
			return
		}
	}
}

func (m form) contentType() string {
	if m == formJSON {
		return "application/x-ndjson"
	}
	return "text/plain; charset=utf-8"
}

func newFollower(r *http.Request) (*follower, error) {
	me := &follower{lines: make(chan []byte, followerQueue)}
	query := r.URL.Query()
	var err error
	if me.kinds, err = kindBits(query["kind"]); err != nil {
		return nil, err
	}
	me.kinds |= 1 << decode.KindLost
	if me.filter, err = decode.ParseFilter(query.Get("filter")); err != nil {
		return nil, err
	}
	switch name := query.Get("form"); name {
	case "", "json":
	case "text":
		me.form = formText
	case "colour":
		me.form = formColour
	default:
		return nil, fmt.Errorf("form: %q is none: give json, text or colour", name)
	}
	return me, nil
}

// tellMissed gives what the follower has not been told yet that it missed.
func (f *Followers) tellMissed(to *follower) []byte {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if to.missed.Records == 0 {
		return nil
	}
	line := f.told(to)
	to.missed = decode.Lost{}
	return line
}

func (f *Followers) add(to *follower) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if len(f.all) >= maxFollowers {
		return false
	}
	f.all[to] = struct{}{}
	f.count.Store(int32(len(f.all)))
	return true
}

func (f *Followers) remove(to *follower) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	delete(f.all, to)
	f.count.Store(int32(len(f.all)))
}
