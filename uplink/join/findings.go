package join

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vigil/decode"
	"vigil/uplink/export"
	"vigil/uplink/server/control"
)

// snapshot is an export's source: all open alerts, as they are. Of servers that share the
// state one makes it.
func (x *exports) snapshot(id string) export.Source {
	return func(ctx context.Context, due time.Time, yield func(export.Item) bool) error {
		mine, err := x.state.ClaimSnapshot(ctx, id, due)
		if err != nil || !mine {
			return err
		}
		var broken error
		err = x.state.Findings(ctx, control.AlertFilter{Status: []string{control.New, control.InProgress}}, func(a control.Alert) bool {
			text, err := current(&a)
			if err != nil {
				broken = fmt.Errorf("alert %s: %w", a.ID, err)
				return true
			}
			return yield(export.Item{Time: a.Last.UnixNano(), Severity: decode.Severity(a.Severity), Alert: true, Sensor: a.Sensor, JSON: text})
		})
		if err == nil {
			err = broken
		}
		return err
	}
}

// current gives an alert as its sensor told it, with what people did about it since.
func current(a *control.Alert) ([]byte, error) {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(a.Finding, &all); err != nil {
		return nil, err
	}
	status := `"New"`
	all["status_id"] = json.RawMessage("1")
	if a.Status == control.InProgress {
		status, all["status_id"] = `"In Progress"`, json.RawMessage("2")
	}
	all["status"] = json.RawMessage(status)
	return json.Marshal(all)
}
