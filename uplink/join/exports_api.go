package join

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vigil/decode"
	"vigil/uplink/export"
	"vigil/uplink/server/api"
	"vigil/uplink/server/control"
)

// Prepare implements api.Exports.
func (x *exports) Prepare(ctx context.Context, e control.Export, before *control.Export) (json.RawMessage, error) {
	c, err := export.Parse(e.Name, e.Kind, e.Settings)
	if err != nil {
		return nil, err
	}
	var had export.Config
	if before != nil && before.Kind == e.Kind {
		had, _ = export.Parse(before.Name, before.Kind, before.Settings) // from a row that cannot be read nothing is kept
	}
	if err := c.Keep(&had); err != nil {
		return nil, err
	}
	e.Settings = c.Whole()
	whole, err := x.parse(e)
	if err == nil {
		err = whole.Check()
	}
	if err != nil {
		return nil, err
	}
	if c.File == nil || c.File.Path == "" {
		return e.Settings, nil
	}
	rows, err := x.state.Exports(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if other, err := export.Parse(row.Name, row.Kind, row.Settings); err == nil && row.ID != e.ID && other.File != nil && other.File.Path == c.File.Path {
			return nil, fmt.Errorf("export %q: file.path: export %q writes to %s: give another", e.Name, row.Name, c.File.Path)
		}
	}
	return e.Settings, nil
}

// Shown implements api.Exports.
func (x *exports) Shown(e control.Export) json.RawMessage {
	c, err := export.Parse(e.Name, e.Kind, e.Settings)
	if err != nil {
		return json.RawMessage("{}") // what cannot be read may have secrets anywhere
	}
	return c.Settings()
}

// Status implements api.Exports.
func (x *exports) Status(e control.Export) api.ExportStatus {
	o := x.outlet(e.ID)
	if o == nil {
		return api.ExportStatus{State: api.ExportStarts}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	s := api.ExportStatus{State: api.ExportRuns, Reason: o.reason}
	switch {
	case o.reason != "":
		s.State = api.ExportFailed
	case !e.Enabled:
		s.State = api.ExportDisabled
	case o.exporter == nil:
		s.State = api.ExportStarts
	}
	if o.backlog != nil {
		s.Status = o.backlog.Status()
	}
	return s
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
