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
	Upstream *Upstream         `json:"upstream,omitempty"` // nil: nothing is shipped
}

// Upstream is how what is seen gets to a server. The sensor knows of none: who ships says it.
type Upstream struct {
	Server string `json:"server"`
	Sensor string `json:"sensor"` // this host's ID there
	// What the server wants done, as far as it is done.
	Policy  string `json:"policy,omitempty"` // its name; "": none is followed
	Version int64  `json:"policy_version"`
	Refused string `json:"policy_refused,omitempty"` // which one was not followed, and why
	// What waits for the server, on the disk.
	Waiting      uint64    `json:"waiting_batches"`
	WaitingBytes uint64    `json:"waiting_bytes"`
	Oldest       time.Time `json:"waiting_since,omitzero"`
	// What the server has, and what it never will, since the start.
	Shipped      uint64            `json:"shipped_batches"`
	Acknowledged time.Time         `json:"last_acknowledgement,omitzero"`
	Lost         uint64            `json:"lost_events"`    // there was no room for on the way to the disk
	Dropped      map[string]uint64 `json:"dropped_events"` // by why the disk let go of them
	Error        string            `json:"last_error,omitempty"`
	ErrorAt      time.Time         `json:"last_error_time,omitzero"`
	Expires      time.Time         `json:"certificate_expires,omitzero"`
}

// DroppedAll is how many events were dropped for all reasons.
func (u *Upstream) DroppedAll() (n uint64) {
	for _, events := range u.Dropped {
		n += events
	}
	return n
}

// JudgeStatus is what events are judged by, and what found no room.
type JudgeStatus struct {
	Rules    int `json:"rules"`
	Problems int `json:"rules_not_loaded"`
	Off      int `json:"rules_off"` // rules and behaviours that raise no alerts: a policy says so
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
