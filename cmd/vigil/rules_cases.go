package main

import (
	"errors"
	"fmt"
	"strings"

	"vigil/detect/rule"
)

type rulesTestCommand struct{ rulesFlags }

// wrongCase is a case that did not go as it says.
type wrongCase struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Rule  string `json:"rule"`
	Case  string `json:"case"`
	Match bool   `json:"match"` // what happened
}

func (w wrongCase) String() string {
	did := "does not match, and should"
	if w.Match {
		did = "matches, and should not"
	}
	return fmt.Sprintf("%s:%d: %s: %q %s", w.File, w.Line, w.Rule, w.Case, did)
}

// Run matches the cases beside rules.
func (r *rulesTestCommand) Run(c *console) error {
	set, problems, err := r.load()
	if err != nil {
		return err
	}
	wrong, cases, without := judgeCases(set)
	if cases == 0 {
		return errors.Join(problemError(problems), fmt.Errorf("rules: %s has no rule with cases", r.Dir))
	}
	if r.JSON {
		err = printJSON(c.out, struct {
			Rules    int            `json:"rules"`
			Without  int            `json:"rules_without_cases"`
			Cases    int            `json:"cases"`
			Wrong    []wrongCase    `json:"wrong"`
			Problems []rule.Problem `json:"problems"`
		}{len(set.Rules()), without, cases, wrong, append([]rule.Problem{}, problems...)})
	} else {
		var b strings.Builder
		b.WriteString(r.problemLines(problems))
		for _, w := range wrong {
			fmt.Fprintf(&b, "%s\n", w)
		}
		fmt.Fprintf(&b, "%s of %s, %d wrong", count(cases, "case"), count(len(set.Rules()), "rule"), len(wrong))
		if without > 0 {
			fmt.Fprintf(&b, "; %s without cases", count(without, "rule"))
		}
		err = print(c.out, b.String()+"\n")
	}
	if len(wrong) > 0 {
		err = errors.Join(err, fmt.Errorf("rules: %s wrong", count(len(wrong), "case")))
	}
	return errors.Join(err, problemError(problems))
}

// judgeCases matches each case against all rules: it is right when its own rule does what
// it says.
func judgeCases(set *rule.Set) (wrong []wrongCase, cases, without int) {
	wrong = []wrongCase{}
	m := set.NewMatcher()
	for _, u := range set.Rules() {
		if len(u.Cases) == 0 {
			without++
		}
		for _, one := range u.Cases {
			cases++
			event := set.NewFields(u.Source)
			for name, values := range one.Event {
				event.Put(name, values...)
			}
			matched := false
			m.Match(event, func(hit *rule.Rule) { matched = matched || hit == u })
			if matched != one.Match {
				wrong = append(wrong, wrongCase{u.File, one.Line, u.Title, one.Name, matched})
			}
		}
	}
	return wrong, cases, without
}
