package api

import (
	"context"
	"encoding/json"
	"net/http"

	"vigil/uplink/export"
	"vigil/uplink/server/control"
)

// Exports are those that this server runs.
type Exports interface {
	// Prepare gives a row's settings as they are to be kept, with the secrets that they
	// leave out taken from the row before, if there was one. The error says what is wrong.
	Prepare(ctx context.Context, e control.Export, before *control.Export) (json.RawMessage, error)
	// Shown gives a row's settings without secrets.
	Shown(e control.Export) json.RawMessage
	// Status tells how one does.
	Status(e control.Export) ExportStatus
	// Test sends a harmless alert to a row's destination.
	Test(ctx context.Context, e control.Export, by string) (export.Trial, error)
	// Changed says that the rows are others.
	Changed()
}

// The states of an export.
const (
	ExportRuns     = "running"
	ExportDisabled = "disabled"
	ExportStarts   = "starting" // the row is known and not taken up yet
	ExportFailed   = "failed"   // Reason says why
)

// ExportStatus is how an export does on this server.
type ExportStatus struct {
	State  string `json:"state"`
	Reason string `json:"reason"`
	export.Status
}

// exportRow is an export as it is shown.
type exportRow struct {
	control.Export
	Status ExportStatus `json:"status"`
}

func (a *API) shownExport(e control.Export) exportRow {
	status := a.Exports.Status(e)
	if status.Losses == nil {
		status.Losses = []export.Loss{}
	}
	e.Settings = a.Exports.Shown(e)
	return exportRow{e, status}
}

func (a *API) exports(c *call) (any, error) {
	all, err := a.State.Exports(c.q.Context())
	rows := make([]exportRow, len(all))
	for i, e := range all {
		rows[i] = a.shownExport(e)
	}
	return map[string]any{"exports": rows}, err
}

func (a *API) addExport(c *call) (any, error) { return a.putExport(c, nil) }

func (a *API) changeExport(c *call) (any, error) {
	before, err := a.State.Export(c.q.Context(), c.q.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return a.putExport(c, &before)
}

func (a *API) putExport(c *call, before *control.Export) (any, error) {
	var m struct {
		Name     string          `json:"name"`
		Kind     string          `json:"kind"`
		Settings json.RawMessage `json:"settings"`
		Enabled  bool            `json:"enabled"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	if err := needed(map[string]string{"name": m.Name, "kind": m.Kind}); err != nil {
		return nil, err
	}
	c.note("name", m.Name)
	c.note("kind", m.Kind)
	e := control.Export{Name: m.Name, Kind: m.Kind, Settings: m.Settings, Enabled: m.Enabled, Author: c.user.Name}
	if before != nil {
		e.ID = before.ID
	}
	if e.Settings == nil {
		if e.Settings = json.RawMessage("{}"); before != nil && before.Kind == e.Kind {
			e.Settings = a.Exports.Shown(*before)
		}
	}
	var err error
	if e.Settings, err = a.Exports.Prepare(c.q.Context(), e, before); err != nil {
		return nil, refusal{http.StatusUnprocessableEntity, err.Error(), 0}
	}
	if e, err = a.State.PutExport(c.q.Context(), e); err != nil {
		return nil, err
	}
	a.Exports.Changed()
	return a.shownExport(e), a.Changes.Publish("export", map[string]string{"id": e.ID})
}

func (a *API) deleteExport(c *call) (any, error) {
	id := c.q.PathValue("id")
	if err := a.State.DeleteExport(c.q.Context(), id); err != nil {
		return nil, err
	}
	a.Exports.Changed()
	return nil, a.Changes.Publish("export", map[string]string{"id": id})
}

func (a *API) testExport(c *call) (any, error) {
	e, err := a.State.Export(c.q.Context(), c.q.PathValue("id"))
	if err != nil {
		return nil, err
	}
	c.note("name", e.Name)
	trial, err := a.Exports.Test(c.q.Context(), e, c.user.Name)
	if err != nil {
		return nil, refusal{http.StatusUnprocessableEntity, err.Error(), 0}
	}
	if !trial.Delivered {
		c.note("answer", trial.Answer)
	}
	return trial, nil
}
