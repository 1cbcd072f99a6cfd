package sensor

import (
	"time"

	"vigil/sensor/process"
)

// Status is what `vigil status` shows: how the sensor is, and what it could not see.
type Status struct {
	Version  string            `json:"version"`
	PID      int               `json:"pid"`
	Since    time.Time         `json:"start_time"`
	Uptime   float64           `json:"uptime_seconds"`
	Scope    string            `json:"scope"`
	Tiers    map[string]string `json:"tiers"`   // by kind
	Missing  map[string]string `json:"missing"` // by kind: why it is not captured
	Events   map[string]uint64 `json:"events"`  // told, by kind; folded ones counted
	Records  uint64            `json:"records"` // read from the rings
	Bytes    uint64            `json:"bytes"`
	Alerts   uint64            `json:"alerts"`
	Judge    JudgeStatus       `json:"judge"`
	Samples  SampleStatus      `json:"samples"`
	Lost     []Loss            `json:"lost"`       // since the start, by kind and reason
	LostAll  uint64            `json:"lost_total"` // of all kinds
	Damaged  uint64            `json:"damaged"`    // records that did not decode
	Gaps     uint64            `json:"gaps"`       // records missing by their own sequence
	Repairs  uint64            `json:"reconciliations"`
	Queues   []Queue           `json:"queues"`
	RSS      uint64            `json:"rss_bytes"`
	CPU      float64           `json:"cpu_seconds"`
	CPUShare float64           `json:"cpu_percent"` // of one CPU, since the start
	Table    process.Stats     `json:"process_table"`
}

// JudgeStatus is what events are judged by, and what found no room.
type JudgeStatus struct {
	Rules    int `json:"rules"`
	Problems int `json:"rules_not_loaded"`
	// Forgotten are open alerts, and groups of correlation rules, that made room for
	// others: what is like them is counted anew.
	ForgottenAlerts uint64 `json:"forgotten_alerts"`
	ForgottenGroups uint64 `json:"forgotten_groups"`
}

// SampleStatus is what became of the wishes of judges to look into written files.
type SampleStatus struct {
	Read   uint64 `json:"read"`
	Unread uint64 `json:"unread"`  // gone, or another file by then, or refused
	NoRoom uint64 `json:"no_room"` // too many at once
}

// Loss is how many records of a kind were lost for a reason.
type Loss struct {
	Kind    string `json:"kind"`
	Reason  string `json:"reason"`
	Records uint64 `json:"records"`
}

// Queue is how full a buffer is.
type Queue struct {
	Name string `json:"name"`
	Size int    `json:"size_bytes"`
	Used int    `json:"used_bytes"`
	Peak int    `json:"peak_bytes"`
}

// ProcessView is a process for `vigil ps`.
type ProcessView struct {
	process.View
	User      string `json:",omitempty"`
	Container string `json:",omitempty"`
}
