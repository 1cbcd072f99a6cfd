package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"vigil/detect"
	"vigil/sensor"
)

type rulesCoverageCommand struct {
	Dir  []string `arg:"" optional:"" help:"Directories of Sigma rules, beside Vigil's own rules and behaviours."`
	JSON bool     `name:"json" help:"As JSON."`
}

// coverage is what rules and behaviours answer, as JSON.
type coverage struct {
	Tactics  []coveredTactic   `json:"tactics"`
	Defender []coveredDefender `json:"defender"`
}

type coveredTactic struct {
	ID         string             `json:"id"`
	Name       string             `json:"name"`
	Techniques []coveredTechnique `json:"techniques"`
}

type coveredTechnique struct {
	ID    string   `json:"id"`
	Rules []string `json:"rules"`
}

type coveredDefender struct {
	Alert string   `json:"alert"`
	Rules []string `json:"rules"`
}

// Run shows which techniques of ATT&CK and which alerts of Defender are answered, and by what.
func (r *rulesCoverageCommand) Run(c *console) error {
	loaded, err := sensor.LoadRules(r.Dir, nil)
	if err != nil {
		return err
	}
	covered := coverageOf(loaded.Findings())
	if r.JSON {
		return errors.Join(printJSON(c.out, covered), problemError(loaded.Problems))
	}
	return errors.Join(print(c.out, covered.String()), problemError(loaded.Problems))
}

func coverageOf(all []*detect.Finding) coverage {
	byTactic, byAlert := map[string]map[string][]string{}, map[string][]string{}
	for _, f := range all {
		if byTactic[f.Tactic] == nil {
			byTactic[f.Tactic] = map[string][]string{}
		}
		byTactic[f.Tactic][f.Technique] = append(byTactic[f.Tactic][f.Technique], f.Rule)
		if f.Defender != "" {
			byAlert[f.Defender] = append(byAlert[f.Defender], f.Rule)
		}
	}
	c := coverage{Tactics: []coveredTactic{}, Defender: []coveredDefender{}}
	for _, t := range append(detect.Tactics(), detect.Tactic{Name: "no tactic"}) {
		of := coveredTactic{ID: t.ID, Name: t.Name, Techniques: []coveredTechnique{}}
		for _, id := range sortedKeys(byTactic[t.Short]) {
			of.Techniques = append(of.Techniques, coveredTechnique{id, byTactic[t.Short][id]})
		}
		if t.ID != "" || len(of.Techniques) > 0 {
			c.Tactics = append(c.Tactics, of)
		}
	}
	for _, name := range sortedKeys(byAlert) {
		c.Defender = append(c.Defender, coveredDefender{name, byAlert[name]})
	}
	return c
}

func sortedKeys(m map[string][]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c coverage) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, t := range c.Tactics {
		fmt.Fprintf(w, "%s %s: %s\n", t.Name, t.ID, count(len(t.Techniques), "technique"))
		for _, technique := range t.Techniques {
			fmt.Fprintf(w, "  %s\t%s\n", printable(technique.ID), printable(strings.Join(technique.Rules, " ")))
		}
	}
	fmt.Fprintf(w, "\nMicrosoft Defender for servers: %s answered\n", count(len(c.Defender), "alert"))
	for _, d := range c.Defender {
		fmt.Fprintf(w, "  %s\t%s\n", printable(d.Alert), printable(strings.Join(d.Rules, " ")))
	}
	_ = w.Flush()
	return b.String()
}
