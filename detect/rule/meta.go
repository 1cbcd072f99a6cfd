package rule

import (
	"strings"

	"vigil/detect"
)

// readMeta reads all of a document but what it detects.
func readMeta(d *node, file string) (*Rule, error) {
	r := &Rule{
		ID: d.get("id").scalar(), Name: d.get("name").scalar(), Title: strings.TrimSpace(d.get("title").scalar()),
		Status: d.get("status").scalar(), Description: strings.TrimSpace(d.get("description").scalar()),
		Author: strings.Join(d.get("author").scalars(), ", "), Level: strings.ToLower(d.get("level").scalar()),
		Tags: d.get("tags").scalars(), FalsePositives: d.get("falsepositives").scalars(),
		References: d.get("references").scalars(), File: file, Line: d.line,
	}
	if r.Title == "" {
		return nil, wrong(d.line, "no title")
	}
	severity, ok := severityOf(r.Level)
	if !ok {
		return nil, wrong(d.get("level").line, "level %q is none of informational, low, medium, high, critical", r.Level)
	}
	own := d.get("vigil")
	r.Finding = detect.Finding{
		Rule: r.Name, Title: r.Title, Severity: severity, Tactic: tactic(r.Tags), Technique: technique(r.Tags), Author: r.Author,
		Next: strings.TrimSpace(own.get("next").scalar()), Defender: own.get("defender").scalar(),
	}
	if r.Finding.Rule == "" {
		r.Finding.Rule = r.ID
	}
	if r.Finding.Next == "" {
		r.Finding.Next = standardNext(r)
	}
	var err error
	r.Cases, err = readCases(own.get("cases"))
	return r, err
}

// standardNext is what to do about a rule that does not say it itself.
func standardNext(r *Rule) string {
	next := "Look at the process and what it descends from, and at what else it did."
	if len(r.FalsePositives) > 0 && !strings.EqualFold(r.FalsePositives[0], "unknown") {
		next += " Harmless causes: " + strings.Join(r.FalsePositives, "; ") + "."
	}
	return next
}

// tactic is the first ATT&CK tactic of the tags.
func tactic(tags []string) string {
	for _, tag := range tags {
		if short, ok := strings.CutPrefix(strings.ToLower(tag), "attack."); ok {
			if t := detect.TacticOf(strings.ReplaceAll(short, "_", "-")); t.ID != "" {
				return t.Short
			}
		}
	}
	return ""
}

// technique is the first, most specific ATT&CK technique of the tags.
func technique(tags []string) string {
	best := ""
	for _, tag := range tags {
		id, ok := strings.CutPrefix(strings.ToLower(tag), "attack.t")
		if ok && id != "" && '0' <= id[0] && id[0] <= '9' && (best == "" || len(id) > len(best)-1) {
			best = "T" + id
		}
	}
	return best
}

func readCases(n *node) ([]Case, error) {
	if n == nil || n.kind == nullNode {
		return nil, nil
	}
	if n.kind != listNode {
		return nil, wrong(n.line, "cases are a list")
	}
	var all []Case
	for _, item := range n.list {
		event, match := item.get("event"), item.get("match")
		if event == nil || event.kind != mapNode || match == nil || match.kind != boolNode {
			return nil, wrong(item.line, "a case has a name, match (true or false) and event (a map)")
		}
		c := Case{Name: item.get("name").scalar(), Match: match.text == "true", Event: map[string][]string{}, Line: item.line}
		for _, p := range event.keys {
			values := []*node{p.value}
			if p.value.kind == listNode {
				values = p.value.list
			}
			texts := []string{}
			for _, v := range values {
				if v.kind == mapNode || v.kind == listNode {
					return nil, wrong(p.line, "the value of %q is neither a scalar nor a list of them", p.key)
				}
				if v.kind != nullNode {
					texts = append(texts, v.text)
				}
			}
			c.Event[p.key] = texts
		}
		all = append(all, c)
	}
	return all, nil
}
