package decode

import "unsafe"

// Actor is what the caller knows of the process that did what a record tells,
// beyond what the record says. Its bytes are views: valid as long as what they
// were taken from. Empty means not known.
//
// For KindExec and KindProcess it is the process that the record describes; what
// the record says of it goes first.
type Actor struct {
	Path      []byte // of the image that runs
	Arguments []byte // each ended by a zero byte
	Comm      []byte
	CWD       []byte
	User      string // name of the header's UID
	Container Container
	Parent    *Actor // one level: the parent's own Parent is not looked at
	ExecID    uint64
	Start     uint64 // CLOCK_BOOTTIME, ns
	PID       uint32
	PPID      uint32

	// BootOffset added to a time of CLOCK_BOOTTIME gives one since 1970-01-01
	// UTC, ns. A caller that knows no process still gives it.
	BootOffset int64
	Hostname   string // of the machine that recorded
}

// Container is what runs a process, when anything does: then it has an ID.
type Container struct {
	ID, Name, Image, Runtime      string
	PodUID, PodName, PodNamespace string
}

// stringBytes views a string as bytes, which nobody may change.
func stringBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
