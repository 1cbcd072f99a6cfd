package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// cell is what was measured of one workload under one sensor: a number a round.
type cell struct {
	costs        []float64 // microseconds an operation
	wanted, seen uint64    // of all rounds
}

func (c cell) mean() float64 {
	sum := 0.0
	for _, x := range c.costs {
		sum += x
	}
	return sum / float64(len(c.costs))
}

// least is what the least disturbed round says.
func (c cell) least() float64 { return slices.Min(c.costs) }

// spread is how far the rounds lie apart, of their mean.
func (c cell) spread() float64 {
	return (slices.Max(c.costs) - slices.Min(c.costs)) / c.mean()
}

// results are all that a boot has measured.
type results struct {
	cells     map[[2]string]cell // by sensor and workload
	lost      map[string]uint64
	sensors   []string // as they came
	workloads []string
}

// parse reads the lines of figures; it passes over what else a machine says.
func parse(from io.Reader) (results, error) {
	r := results{cells: map[[2]string]cell{}, lost: map[string]uint64{}}
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		var sensor, workload string
		var operations, wanted, seen, lost uint64
		var ns int64 // of rest by a coarse clock also a little below 0
		var err error
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "lost "):
			_, err = fmt.Sscanf(line, "lost %s %d", &sensor, &lost)
		case strings.HasPrefix(line, "figure "):
			_, err = fmt.Sscanf(line, "figure %s %s %d %d %d %d", &sensor, &workload, &operations, &ns, &wanted, &seen)
			if err == nil && (operations == 0 || ns <= 0 && workload != "idle") {
				err = errors.New("nothing was done")
			}
		default:
			continue
		}
		if err != nil {
			return r, fmt.Errorf("read the figures: %w: %s", err, lines.Text())
		}
		if workload == "" {
			r.lost[sensor] += lost
			continue
		}
		if !slices.Contains(r.sensors, sensor) {
			r.sensors = append(r.sensors, sensor)
		}
		if !slices.Contains(r.workloads, workload) {
			r.workloads = append(r.workloads, workload)
		}
		c := r.cells[[2]string{sensor, workload}]
		c.costs = append(c.costs, float64(ns)/1000/float64(operations))
		c.wanted += wanted
		c.seen += seen
		r.cells[[2]string{sensor, workload}] = c
	}
	if err := lines.Err(); err != nil {
		return r, fmt.Errorf("read the figures: %w", err)
	}
	for _, sensor := range r.sensors {
		for _, workload := range r.workloads {
			if _, found := r.cells[[2]string{sensor, workload}]; !found {
				return r, fmt.Errorf("read the figures: none of %s for %s", sensor, workload)
			}
		}
	}
	if !slices.Contains(r.sensors, "none") {
		return r, fmt.Errorf("read the figures: none without a sensor, to compare with")
	}
	return r, nil
}

// above is what a cell costs more than no sensor.
func (r results) above(sensor, workload string) float64 {
	return r.cells[[2]string{sensor, workload}].mean()/r.cells[[2]string{"none", workload}].mean() - 1
}

// limits are what the project promises that Vigil adds at most, whether it judges or not.
func limits() map[string]float64 {
	return map[string]float64{"exec": 0.10, "samefile": 0.20, "write": 0.20, "connect": 0.10, "getppid": 0.02}
}

// failures tell why the figures prove nothing, and which promises they break.
func (r results) failures() []string {
	// Less than this is no difference: rounds lie as far apart.
	const notable = 0.005
	var all []string
	for _, workload := range r.workloads {
		for _, sensor := range r.sensors {
			c := r.cells[[2]string{sensor, workload}]
			switch {
			case sensor == "none":
			case c.wanted > 0 && c.seen == 0:
				all = append(all, fmt.Sprintf("%s saw nothing of %s: its figures say nothing", sensor, workload))
			case slices.Contains(ours(), sensor) && c.seen < c.wanted:
				all = append(all, fmt.Sprintf("%s saw %d of %d events of %s", sensor, c.seen, c.wanted, workload))
			}
		}
		for _, sensor := range ours() {
			if above := r.above(sensor, workload); r.exceeds(sensor, workload) {
				all = append(all, fmt.Sprintf("%s adds %.1f %% to %s: above the limit of %.0f %%", sensor, above*100, workload, limits()[workload]*100))
			}
		}
		vigil, measured := r.cells[[2]string{"vigil", workload}]
		if _, limited := limits()[workload]; !limited || !measured {
			continue
		}
		for _, sensor := range r.sensors {
			if peer := r.cells[[2]string{sensor, workload}]; sensor != "none" && !slices.Contains(ours(), sensor) && vigil.mean() > peer.mean()*(1+notable) {
				all = append(all, fmt.Sprintf("vigil costs more than %s in %s", sensor, workload))
			}
		}
	}
	for _, sensor := range ours() {
		if n := r.lost[sensor]; n > 0 {
			all = append(all, fmt.Sprintf("%s lost %d events: its figures say nothing", sensor, n))
		}
	}
	return all
}

// ours are the ways that Vigil is measured in.
func ours() []string { return []string{"vigil", "judging"} }

// exceeds tells whether one of ours adds more than the project promises.
func (r results) exceeds(sensor, workload string) bool {
	limit, limited := limits()[workload]
	_, measured := r.cells[[2]string{sensor, workload}]
	return limited && measured && slices.Contains(ours(), sensor) && r.above(sensor, workload) > limit
}

// print writes the table, and what each sensor saw and lost.
func (r results) print(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "µs an operation")
	for _, sensor := range r.sensors {
		fmt.Fprintf(table, "\t%s", sensor)
	}
	for _, workload := range r.workloads {
		if workload == "idle" {
			continue
		}
		fmt.Fprintf(table, "\n%s", workload)
		for _, sensor := range r.sensors {
			fmt.Fprintf(table, "\t%s", r.text(sensor, workload))
		}
	}
	if slices.Contains(r.workloads, "idle") {
		fmt.Fprint(table, "\nidle, µs a second")
		for _, sensor := range r.sensors {
			fmt.Fprintf(table, "\t%.0f", r.cells[[2]string{sensor, "idle"}].mean())
		}
	}
	fmt.Fprintln(table)
	if err := table.Flush(); err != nil {
		return err
	}
	for _, sensor := range r.sensors {
		var seen, wanted uint64
		spread := 0.0
		for _, workload := range r.workloads {
			c := r.cells[[2]string{sensor, workload}]
			seen, wanted = seen+min(c.seen, c.wanted), wanted+c.wanted
			if workload != "idle" {
				spread = max(spread, c.spread())
			}
		}
		saw := ""
		if sensor != "none" {
			saw = fmt.Sprintf("saw %d of %d events, lost %d; ", seen, wanted, r.lost[sensor])
		}
		fmt.Fprintf(to, "%s: %srounds lie at most %.2f %% apart\n", sensor, saw, spread*100)
	}
	return nil
}

// text is a cell of the table.
func (r results) text(sensor, workload string) string {
	c := r.cells[[2]string{sensor, workload}]
	var b strings.Builder
	if sensor != "none" && c.seen < c.wanted {
		b.WriteString("≥ ") // what it had seen of the rest would have cost more
	}
	digits := 1
	if c.mean() < 100 {
		digits = 2
	}
	fmt.Fprintf(&b, "%.*f", digits, c.mean())
	if sensor == "none" {
		return b.String()
	}
	above := r.above(sensor, workload)
	fmt.Fprintf(&b, " (%+.1f %%)", above*100)
	if r.exceeds(sensor, workload) {
		fmt.Fprintf(&b, " above %.0f %%", limits()[workload]*100)
	}
	return b.String()
}
