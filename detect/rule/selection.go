package rule

// detection makes one expression of a rule's selections and its condition.
func (l *Loader) detection(d *node) (*expr, error) {
	if d.kind != mapNode {
		return nil, wrong(d.line, "detection is no map")
	}
	c := condition{line: d.line, named: map[string]*expr{}}
	var conditions []*node
	for _, p := range d.keys {
		switch p.key {
		case "condition":
			conditions = []*node{p.value}
			if p.value.kind == listNode {
				conditions = p.value.list
			}
			continue
		case "timeframe", "rules": // of old aggregations; of filters
			continue
		}
		e, err := l.selection(p.value)
		if err != nil {
			return nil, err
		}
		c.named[p.key] = e
		c.sorted = append(c.sorted, p.key)
	}
	var kids []*expr
	for _, n := range conditions {
		c.line = n.line
		e, err := c.read(n.text)
		if err != nil {
			return nil, err
		}
		kids = append(kids, e)
	}
	if len(kids) == 0 {
		return nil, wrong(d.line, "detection has no condition")
	}
	return group(opOr, kids), nil
}

// selection reads a map (all must hold), a list (one must hold), or a keyword.
func (l *Loader) selection(n *node) (*expr, error) {
	var kids []*expr
	switch n.kind {
	case mapNode:
		for _, p := range n.keys {
			it, err := readItem(p.key, p.line)
			if err != nil {
				return nil, err
			}
			e, err := it.expr(p.value, l.Placeholders)
			if err != nil {
				return nil, err
			}
			kids = append(kids, e)
		}
	case listNode:
		for _, item := range n.list {
			e, err := l.selection(item)
			if err != nil {
				return nil, err
			}
			kids = append(kids, e)
		}
	default:
		return (&item{line: n.line}).expr(n, nil)
	}
	if len(kids) == 0 {
		return nil, wrong(n.line, "a selection is empty")
	}
	if n.kind == listNode {
		return group(opOr, kids), nil
	}
	return group(opAnd, kids), nil
}
