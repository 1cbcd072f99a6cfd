package export

// Queue bounds what waits for a destination, in memory.
type Queue struct {
	Items int // 0: 65536
	Bytes int // 0: 64 MiB
}

func (q Queue) withDefaults() Queue {
	if q.Items == 0 {
		q.Items = 1 << 16
	}
	if q.Bytes == 0 {
		q.Bytes = 64 << 20
	}
	return q
}

// queue keeps alerts and events in the order of their coming, alerts ahead.
type queue struct {
	most           Queue
	alerts, events ring
	bytes          int
}

func (q *queue) len() int { return q.alerts.n + q.events.n }

func (q *queue) of(i *Item) *ring {
	if i.Alert {
		return &q.alerts
	}
	return &q.events
}

// room tells whether the item fits without another having to go.
func (q *queue) room(i *Item) bool {
	return q.len() < q.most.Items && q.bytes+i.size() <= q.most.Bytes
}

// push takes an item. What has to go for it is told to drop: the oldest events, then,
// for an alert only, the oldest alerts. An event that finds only alerts, and what is
// greater than the whole queue, goes itself.
func (q *queue) push(i Item, drop func(Item)) {
	if i.size() > q.most.Bytes {
		drop(i)
		return
	}
	for !q.room(&i) {
		from := &q.events
		if from.n == 0 {
			if from = &q.alerts; !i.Alert {
				drop(i)
				return
			}
		}
		old := from.pop()
		q.bytes -= old.size()
		drop(old)
	}
	q.of(&i).push(i)
	q.bytes += i.size()
}

// pop gives the next item, if there is one and it has at most so many bytes.
func (q *queue) pop(most int) (Item, bool) {
	from := &q.alerts
	if from.n == 0 {
		from = &q.events
	}
	if from.n == 0 || from.first().size() > most {
		return Item{}, false
	}
	i := from.pop()
	q.bytes -= i.size()
	return i, true
}

// ring is a queue that grows as it fills, and is let go of when it is empty.
type ring struct {
	at   []Item
	from int
	n    int
}

func (r *ring) first() *Item { return &r.at[r.from] }

func (r *ring) push(i Item) {
	if r.n == len(r.at) {
		grown := make([]Item, max(16, 2*r.n))
		copy(grown[copy(grown, r.at[r.from:]):], r.at[:r.from])
		r.at, r.from = grown, 0
	}
	r.at[(r.from+r.n)%len(r.at)] = i
	r.n++
}

func (r *ring) pop() Item {
	i := r.at[r.from]
	r.at[r.from] = Item{}
	r.from = (r.from + 1) % len(r.at)
	if r.n--; r.n == 0 && len(r.at) > 1024 {
		r.at, r.from = nil, 0
	}
	return i
}
