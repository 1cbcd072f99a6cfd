package container

import (
	"container/heap"
	"context"
	"errors"
	"slices"
	"time"
)

// question is a cgroup whose container's runtime is to be asked, and when.
type question struct {
	at    time.Time
	entry *entry
}

// waiting is a heap of questions: the earliest first. A known cgroup has one at most.
type waiting []question

func (w waiting) Len() int           { return len(w) }
func (w waiting) Less(i, j int) bool { return w[i].at.Before(w[j].at) }
func (w waiting) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(q any)        { *w = append(*w, q.(question)) }

func (w *waiting) Pop() any {
	last := len(*w) - 1
	q := (*w)[last]
	*w = (*w)[:last]
	return q
}

// ask puts an entry's next question off until it is due. The caller holds the lock.
func (r *Resolver) ask(e *entry, after time.Duration) {
	if e.asking || e.tries >= len(r.settings.Tries) {
		return
	}
	if r.waiting.Len() >= 2*r.settings.Max { // at least half are of cgroups that were dropped
		r.waiting = slices.DeleteFunc(r.waiting, func(q question) bool { return q.entry.list == nil })
		heap.Init(&r.waiting)
	}
	e.asking = true
	after = max(after, r.settings.Tries[e.tries])
	heap.Push(&r.waiting, question{r.settings.Now().Add(after), e})
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// work asks the runtimes, one question at a time, until ctx ends.
func (r *Resolver) work(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		info, wait := r.due()
		if info != nil {
			r.answer(ctx, info)
			if ctx.Err() != nil {
				return
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// idle is how long the worker sleeps when nothing waits: a wake-up ends it sooner.
const idle = time.Hour

// due gives the next cgroup to ask about, or how long there is none.
func (r *Resolver) due() (*Info, time.Duration) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for r.waiting.Len() > 0 {
		if wait := r.waiting[0].at.Sub(r.settings.Now()); wait > 0 {
			return nil, wait
		}
		e := heap.Pop(&r.waiting).(question).entry
		e.asking = false
		if info := e.info.Load(); e.list != nil && info != nil && info.asks() {
			return info, 0
		}
	}
	return nil, idle
}

// answer asks about a container and keeps what comes back; nothing comes back
// while the runtime is still making it, so it is asked again, a few times.
func (r *Resolver) answer(ctx context.Context, info *Info) {
	var err error
	d := r.known(info.ID)
	if d == nil {
		d, err = r.question(ctx, info)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if d != nil {
		if len(r.answers) >= r.settings.Max {
			clear(r.answers)
		}
		r.answers[info.ID] = d
	}
	e := r.table.get(info.CgroupID)
	if e == nil {
		return
	}
	now := e.info.Load()
	if now == nil || now.ID != info.ID { // another path, another container
		return
	}
	if d != nil {
		e.info.Store(now.with(d))
		r.stats.Named++
		return
	}
	if errors.Is(err, errPaused) { // no try: it has heard nothing
		r.ask(e, r.settings.Pause)
		return
	}
	if e.tries++; e.tries == len(r.settings.Tries) {
		r.stats.Unnamed++
		return
	}
	r.ask(e, 0)
}

// known gives what was answered about another cgroup of the same container.
func (r *Resolver) known(id string) *details {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	d := r.answers[id]
	if d == nil {
		r.stats.Asked++
	}
	return d
}

// question asks those who may know the container, until one does. The error is
// errPaused when one of them may know it later, else errUnknown.
func (r *Resolver) question(ctx context.Context, info *Info) (*details, error) {
	failed := errUnknown
	for _, s := range r.sources {
		if !s.mayKnow(info.Runtime) {
			continue
		}
		one, cancel := context.WithTimeout(ctx, r.settings.Timeout)
		d, err := s.ask(one, info.ID)
		cancel()
		if err == nil {
			return d, nil
		}
		if errors.Is(err, errPaused) {
			failed = err
		}
	}
	return nil, failed
}
