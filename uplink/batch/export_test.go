package batch

// Payload is what the encoder would compress now.
func (e *Encoder) Payload() []byte { return e.appendPayload(nil) }

// ColumnSizes tells what the payload is made of, bytes.
func (e *Encoder) ColumnSizes() map[string]int {
	m := map[string]int{"times": len(e.times), "who": len(e.whoRefs), "kinds": len(e.kindRefs), "ids": 8 * len(e.ids.all)}
	for _, c := range e.whoColumns {
		m["who rows"] += len(c)
	}
	for _, c := range e.actorColumns {
		m["actor rows"] += len(c)
	}
	for i := range e.kinds {
		k := &e.kinds[i]
		m["masks"] += len(k.masks)
		m["slots"] += len(k.slots)
		for _, c := range k.texts {
			m["texts"] += len(c)
		}
		for _, c := range k.fields {
			m["fields"] += len(c)
		}
	}
	e.appendPayload(nil)
	m["string bytes"] = len(e.room[2])
	m["string lengths"] = len(e.room[0]) + len(e.room[1])
	return m
}
