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

// Test implements api.Exports.
func (x *exports) Test(ctx context.Context, e control.Export, by string) (export.Trial, error) {
	if err := x.follow(ctx); err != nil { // the row may be new
		return export.Trial{}, err
	}
	item, err := harmless(e.Name, by, time.Now())
	if err != nil {
		return export.Trial{}, err
	}
	if o := x.outlet(e.ID); o != nil {
		o.mu.Lock()
		running := o.exporter
		o.mu.Unlock()
		if running != nil {
			return running.Try(ctx, item), nil
		}
	}
	c, err := x.parse(e)
	if err != nil {
		return export.Trial{}, err
	}
	return export.Try(ctx, c, item)
}

// harmless is an alert that says of itself that nothing happened.
func harmless(name, by string, now time.Time) (export.Item, error) {
	type object = map[string]any
	text, err := json.Marshal(object{
		"class_uid": 2004, "class_name": "Detection Finding", "category_uid": 2, "category_name": "Findings", "activity_id": 1, "activity_name": "Create",
		"type_uid": 200401, "severity_id": 1, "severity": "Informational", "status_id": 1, "status": "New", "time": now.UnixMilli(),
		"message":  fmt.Sprintf("A test of the export %q, asked for by %s: nothing happened.", name, by),
		"metadata": object{"version": "1.3.0", "uid": fmt.Sprintf("test-%d", now.UnixNano()), "product": object{"name": "Vigil"}},
		"finding_info": object{
			"title": "Test of an export: nothing happened", "uid": fmt.Sprintf("test-%d", now.UnixNano()), "analytic": object{"uid": "vigil-export-test", "type_id": 1, "type": "Rule"},
		},
	})
	return export.Item{Time: now.UnixNano(), Severity: decode.Informational, Alert: true, Sensor: "test", JSON: text}, err
}
