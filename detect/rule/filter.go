package rule

import "slices"

// filter is a document that narrows other rules.
type filter struct {
	rules  []string // by id or name; none: all of the log source
	source LogSource
	when   *expr
	file   string
	line   int
}

func (l *Loader) readFilter(n *node, source LogSource, meta *Rule) (*filter, error) {
	if n.kind != mapNode {
		return nil, wrong(n.line, "filter is no map")
	}
	f := &filter{source: source, rules: n.get("rules").scalars(), file: meta.File, line: meta.Line}
	if len(f.rules) == 1 && f.rules[0] == "any" {
		f.rules = nil
	}
	var err error
	f.when, err = l.detection(n)
	return f, err
}

// filter puts what filters ask for into their rules.
func (b *batch) filter() {
	for _, f := range b.filters {
		for _, id := range f.rules {
			if r := b.ids[id]; r == nil || r.when == nil {
				b.problem(f.file, wrong(f.line, "the filter is for %q, which is no rule here", id))
			}
		}
	}
	for _, r := range b.rules {
		if r.when == nil {
			continue
		}
		for _, f := range b.filters {
			named := slices.Contains(f.rules, r.ID) || r.Name != "" && slices.Contains(f.rules, r.Name)
			if f.source.covers(r.Source) && (named || f.rules == nil) {
				r.when = group(opAnd, []*expr{r.when, f.when})
			}
		}
	}
}
