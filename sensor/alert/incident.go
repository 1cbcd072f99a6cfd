package alert

import "time"

// root is everybody's user: what it does need not belong together.
const root = 0

// mostIncidents bounds those that still take alerts, by tree and by user.
const mostIncidents = 4096

// join gives the incident that an alert belongs to: that of its tree of processes, or
// of its user, else a new one that has the alert's ID.
func (b *Book) join(s *Seen, tree uint64, id string) *incident {
	in := b.live(s, tree)
	if in == nil {
		in = &incident{id: id}
	}
	in.last = s.At
	if tree != 0 {
		put(b.trees, tree, in)
	}
	if s.User != root {
		put(b.users, s.User, in)
	}
	return in
}

func (b *Book) live(s *Seen, tree uint64) *incident {
	in := b.trees[tree]
	if in == nil && s.User != root {
		in = b.users[s.User]
	}
	if in == nil || s.At.Sub(in.last) >= b.settings.Together {
		return nil
	}
	return in
}

// put keeps an incident; when there are too many, any makes room.
func put[K comparable](all map[K]*incident, key K, in *incident) {
	if len(all) >= mostIncidents {
		for k := range all {
			delete(all, k)
			break
		}
	}
	all[key] = in
}

func drop[K comparable](all map[K]*incident, before time.Time) {
	for k, in := range all {
		if in.last.Before(before) {
			delete(all, k)
		}
	}
}
