package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"vigil/detect/rule"
	"vigil/detect/rules"
)

type rulesCommand struct {
	Check rulesCheckCommand `cmd:"" help:"Load every rule there is, and name those that cannot be."`
	Test  rulesTestCommand  `cmd:"" help:"Match the cases that stand beside rules, and name those that go wrong."`
	List  rulesListCommand  `cmd:"" help:"List the rules."`

	Coverage rulesCoverageCommand `cmd:"" help:"Show which techniques of ATT&CK, and alerts of Defender, rules and behaviours answer."`
}

// rulesFlags are what all of them take.
type rulesFlags struct {
	Dir  string `arg:"" optional:"" help:"A directory of Sigma rules (.yml, .yaml). Without one: Vigil's own."`
	JSON bool   `name:"json" help:"As JSON."`
}

// load loads and compiles the rules. That there are none is an error.
func (f *rulesFlags) load() (*rule.Set, []rule.Problem, error) {
	from := rules.FS()
	if f.Dir != "" {
		if info, err := os.Stat(f.Dir); err != nil {
			return nil, nil, fmt.Errorf("rules: %w", err)
		} else if !info.IsDir() {
			return nil, nil, fmt.Errorf("rules: %s is not a directory", f.Dir)
		}
		from = os.DirFS(f.Dir)
	}
	all, problems := rule.Load(from)
	if len(all)+len(problems) == 0 {
		return nil, nil, fmt.Errorf("rules: %s has no rules (.yml, .yaml)", f.Dir)
	}
	set, err := rule.Compile(all)
	if err != nil {
		return nil, nil, fmt.Errorf("rules: %w", err)
	}
	return set, problems, nil
}

// problemLines are the problems as lines for eyes.
func (f *rulesFlags) problemLines(problems []rule.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s\n", p)
	}
	return b.String()
}

func problemError(problems []rule.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("rules: %s", count(len(problems), "problem"))
}

// count is a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

type rulesCheckCommand struct{ rulesFlags }

// Run loads rules and says which cannot be.
func (r *rulesCheckCommand) Run(c *console) error {
	set, problems, err := r.load()
	if err != nil {
		return err
	}
	if r.JSON {
		err = printJSON(c.out, struct {
			Rules    int            `json:"rules"`
			Bytes    int            `json:"bytes"`
			Problems []rule.Problem `json:"problems"`
		}{len(set.Rules()), set.Size(), append([]rule.Problem{}, problems...)})
	} else {
		err = print(c.out, fmt.Sprintf("%s%s loaded, %s\n", r.problemLines(problems), count(len(set.Rules()), "rule"), count(len(problems), "problem")))
	}
	return errors.Join(err, problemError(problems))
}

type rulesListCommand struct{ rulesFlags }

type ruleRow struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Level     string `json:"level"`
	Severity  string `json:"severity"`
	Technique string `json:"technique,omitempty"`
	Source    string `json:"log_source,omitempty"`
	Author    string `json:"author,omitempty"`
	Defender  string `json:"defender,omitempty"`
	File      string `json:"file"`
}

// Run lists rules.
func (r *rulesListCommand) Run(c *console) error {
	set, problems, err := r.load()
	if err != nil {
		return err
	}
	rows := []ruleRow{}
	for _, u := range set.Rules() {
		rows = append(rows, ruleRow{
			u.Finding.Rule, u.Title, u.Level, u.Finding.Severity.String(), u.Finding.Technique, u.Source.String(), u.Author, u.Finding.Defender, u.File,
		})
	}
	if r.JSON {
		return errors.Join(printJSON(c.out, rows), problemError(problems))
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", row.Severity, row.Technique, row.Source, row.Title, row.ID)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return errors.Join(print(c.out, b.String()), problemError(problems))
}
