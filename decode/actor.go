package decode

// Actor is what the sensor knows of the process that a record is about, beside
// what the record says. Views: valid as long as what they were taken from.
type Actor struct {
	Path      []byte
	Arguments []byte // each ended by a zero byte
	Comm      []byte
	CWD       []byte
	User      string
	PPID      uint32
	Start     uint64 // CLOCK_BOOTTIME, ns
	Container Container
	Parent    *Actor // one level
	ExecID    uint64
	PID       uint32

	BootOffset int64 // added to a record's time, gives wall time; ns
}

// Container is what runs the process, when anything does.
type Container struct {
	ID, Name, Image, Runtime      string
	PodUID, PodName, PodNamespace string
}
