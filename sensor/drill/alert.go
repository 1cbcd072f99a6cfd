package drill

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// alert is what a drill reads of an alert: a part of OCSF's Detection Finding.
type alert struct {
	Last  int64  `json:"end_time"` // ms since 1970
	Count uint64 `json:"count"`
	Info  struct {
		Analytic struct {
			Rule string `json:"uid"`
		} `json:"analytic"`
	} `json:"finding_info"`
	Actor struct {
		Process struct {
			process
			Ancestry []process `json:"ancestry"`
		} `json:"process"`
	} `json:"actor"`
}

type process struct {
	PID uint32 `json:"pid"`
}

// descends tells whether the process that an alert is about, or one of those that made it,
// has the PID.
func (a *alert) descends(pid uint32) bool {
	p := &a.Actor.Process
	return p.PID == pid || slices.ContainsFunc(p.Ancestry, func(q process) bool { return q.PID == pid })
}

// readAlerts hands each alert on. Other lines, which tell what a slow reader missed,
// name no rule.
func readAlerts(r io.Reader, take func(*alert)) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the sensor's answer: %w", err)
		}
		a := new(alert)
		if err := json.Unmarshal(text, a); err != nil {
			return fmt.Errorf("read the sensor's answer: %w", err)
		}
		if a.Info.Analytic.Rule != "" {
			take(a)
		}
	}
}
