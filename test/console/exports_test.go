package console

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"vigil/uplink/export"
	"vigil/uplink/server/api"
	"vigil/uplink/server/control"
)

// exports are rows whose settings are read as a server's are, and which hand nothing on.
// The one called siem fails, and what it delivered rises each time that it is looked at.
type exports struct{ looked atomic.Uint64 }

func (x *exports) Prepare(_ context.Context, e control.Export, before *control.Export) (json.RawMessage, error) {
	c, err := export.Parse(e.Name, e.Kind, e.Settings)
	if err != nil {
		return nil, err
	}
	var had export.Config
	if before != nil {
		if had, err = export.Parse(before.Name, before.Kind, before.Settings); err != nil {
			return nil, err
		}
	}
	if err := c.Keep(&had); err != nil {
		return nil, err
	}
	return c.Whole(), c.Check()
}

func (x *exports) Shown(e control.Export) json.RawMessage {
	c, err := export.Parse(e.Name, e.Kind, e.Settings)
	if err != nil {
		return json.RawMessage("{}")
	}
	return c.Settings()
}

func (x *exports) Status(e control.Export) api.ExportStatus {
	s := api.ExportStatus{State: api.ExportRuns}
	if e.Name != "siem" {
		if !e.Enabled {
			s.State = api.ExportDisabled
		}
		return s
	}
	now := time.Now().UTC()
	s.Status = export.Status{
		Destination: "syslog cef tls://siem.example.net:6514", Confirmed: "read to the end: the receiver closed the connection in good order",
		Delivered: 48_211 + x.looked.Add(1), Queued: 1830, Undelivered: 12, LastDelivery: now.Add(-3 * time.Minute), FailingSince: now.Add(-2 * time.Minute),
		LastError: "connect: dial tcp: lookup siem.example.net: no such host " + script, LastErrorAt: now,
		Losses: []export.Loss{{Reason: export.ReasonTooLarge, Items: 12, Alerts: 1, First: now, Last: now}},
	}
	s.Offered = s.Delivered + s.Queued + s.Undelivered
	return s
}

func (x *exports) Test(_ context.Context, e control.Export, _ string) (export.Trial, error) {
	if e.Name == "siem" {
		return export.Trial{Answer: "connect: no such host " + script}, nil
	}
	return export.Trial{Delivered: true, Answer: "written, and fsync said yes"}, nil
}

func (x *exports) Changed() {}
