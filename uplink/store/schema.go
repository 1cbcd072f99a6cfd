package store

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Fields that the store gives every row, beside those of its JSON. Kind and sensor
// are the stream: what VictoriaLogs keeps and compresses together.
const (
	FieldTime     = "_time"
	FieldText     = "_msg" // the row in a few words: what a word without a field's name looks into
	FieldSensor   = "vigil.sensor"
	FieldKind     = "vigil.kind"
	FieldEpoch    = "vigil.epoch"    // in decimal, as the other numbers
	FieldSequence = "vigil.sequence" // of the batch
	FieldIndex    = "vigil.index"    // in the batch
	FieldAlert    = "vigil.alert"    // an alert's JSON as it came
	FieldClock    = "vigil.clock"    // the row's own time, when it is out of what the store keeps: _time is then when it came
	FieldCut      = "vigil.cut"      // names of what was too long and lost its end
	FieldLoad     = "vigil.load"     // of a cluster's rows: which flush they were for
	FieldRaw      = "vigil.raw"      // the JSON, when it could not be taken apart
	FieldFault    = "vigil.fault"    // why not
)

// KindAlert is the kind of a row that holds an alert.
const KindAlert = "alert"

// Bounds of a row. VictoriaLogs takes lines of 256 KiB over HTTP and names of 128 bytes,
// and drops what is more.
const (
	mostName  = 128
	mostBytes = 240 << 10 // all names and values, escaped for JSON
)

// Class groups kinds that are kept equally long.
type Class uint8

// The classes.
const (
	Alerts    Class = iota
	Processes       // the life of processes, and what is rare: credentials, modules, lost
	Bulk            // files, memory, network
	classes
)

func (c Class) String() string { return [...]string{"alerts", "processes", "bulk"}[c] }

// ClassOf tells what a kind belongs to.
func ClassOf(kind string) Class {
	switch kind {
	case KindAlert:
		return Alerts
	case "mount", "umount", "pivot_root", "memfd":
		return Processes
	case "mmap", "mprotect", "connect", "accept", "bind", "listen", "flow_end", "datagram", "raw_socket", "dns":
		return Bulk
	}
	if strings.HasPrefix(kind, "file_") {
		return Bulk
	}
	return Processes
}

// Retention is how long each class is kept, in whole days of UTC.
type Retention [classes]time.Duration

const day = 24 * time.Hour

// DefaultRetention is a year for alerts, 90 days for processes, 30 for the rest.
func DefaultRetention() Retention {
	return Retention{Alerts: 365 * day, Processes: 90 * day, Bulk: 30 * day}
}

func (r Retention) check() error {
	for c := range classes {
		if r[c] < day {
			return fmt.Errorf("retention of %s is %s: at least a day", c, r[c])
		}
	}
	return nil
}

// redundant is what an event says twice, or of the sensor's inside: kept out of the
// store, where each field of a row costs time to take in. What says it otherwise is beside.
func redundant(name string) bool {
	switch name {
	case "metadata.version", "metadata.product.name", "metadata.product.vendor_name", "metadata.profiles", "device.type_id": // the same always
		return true
	case "category_uid", "class_name", "type_uid", "severity": // class_uid, activity_id, severity_id
		return true
	case "time", "unmapped.time_ns", "unmapped.kind", "unmapped.count": // _time, vigil.kind, count
		return true
	case "unmapped.args", "unmapped.start_ns", "launch_type": // process.cmd_line, created_time, launch_type_id
		return true
	case "process.parent_process.pid", "process.parent_process.uid": // actor.process.pid, actor.process.uid
		return true
	case "unmapped.cpu", "unmapped.ring", "unmapped.lost": // how it came out of the kernel
		return true
	}
	for _, of := range [...]string{"process", "actor.process", "actor.process.parent_process"} {
		if name == of+".file.type_id" { // a program
			return true
		}
	}
	return false
}

var (
	errReserved = errors.New("a name is the store's own")
	errName     = errors.New("a name is too long")
)

// rule is what names an object may have, and which the store leaves out.
func rule(name string) (skip bool, err error) {
	switch {
	case len(name) > mostName:
		return false, fmt.Errorf("%w: %d bytes", errName, len(name))
	case name == "" || name[0] == '_' || name == "vigil" || strings.HasPrefix(name, "vigil."):
		return false, fmt.Errorf("%w: %q", errReserved, name)
	}
	return redundant(name), nil
}

// textFields are what the row's text is made of: the first that it has.
func textFields() []string {
	return []string{"message", "query.hostname", "process.cmd_line", "file.path", "module.file.path", "driver.file.path", "dst_endpoint.ip", "kernel.path", "kernel.name", "process.name", "actor.process.name"}
}
