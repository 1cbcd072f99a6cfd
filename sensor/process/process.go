package process

// Flag says how an entry came to be and what became of it.
type Flag uint32

// The flags.
const (
	FlagSeeded       Flag = 1 << iota // ran before the sensor did, or was found by a reconciliation
	FlagForked                        // has not called exec: runs the image of the process that made it
	FlagReplaced                      // the process goes on with another image: NextExecID
	FlagExited                        // the process is gone
	FlagCoreDumped                    // on its exit
	FlagInferred                      // its exit was not seen but follows: the PID has another owner, or it was not found
	FlagReconciled                    // added or ended by a reconciliation
	FlagRepaired                      // the record that should have made the entry was lost: made from a later one
	FlagNoIdentity                    // the kernel's table had no place for it: exec ID made from its start
	FlagProvisional                   // exec ID made here, from /proc, until the kernel tells its own
	FlagStartInexact                  // Start is at the process's start or a little after
	FlagKernelThread                  // a thread of the kernel, without a program
)

// Facts are what is known of a process, apart from its image and its texts.
// Times are boot times in ns, IDs of namespaces those of /proc/PID/ns.
type Facts struct {
	ExecID         uint64
	ParentExecID   uint64 // the image that made this process, whoever its parent is now
	PreviousExecID uint64 // the image that this one replaced; 0 for the first
	NextExecID     uint64 // the image that replaced this one; 0 while it runs
	Start          uint64 // of the process
	ExecTime       uint64 // when the image took over; 0: forked, or before the sensor
	ExitTime       uint64 // of the process; 0 while it runs
	CgroupID       uint64 // when last heard of
	CapEffective   uint64
	CapPermitted   uint64
	CapInheritable uint64
	PID            uint32
	PPID           uint32 // when the image began
	UID            uint32 // credentials are those of the main thread
	EUID           uint32
	GID            uint32
	EGID           uint32
	LoginUID       uint32
	SessionID      uint32 // audit session
	MountNS        uint32
	PIDNS          uint32
	NetNS          uint32
	UserNS         uint32
	CgroupNS       uint32
	NSPID          uint32 // its PID in its own PID namespace; 0: not known
	Flags          Flag
	ExitCode       uint8
	ExitSignal     uint8
}

// Is tells whether the entry has all of the flags.
func (f *Facts) Is(flags Flag) bool { return f.Flags&flags == flags }

// Running tells whether this image still runs, as far as is known.
func (f *Facts) Running() bool { return f.Flags&(FlagExited|FlagReplaced) == 0 }

// Process is an entry of a Table: one image of one process. It and its texts
// are valid until the table changes: Apply, Expire, Add, Complete, Fill or a
// reconciliation.
// What lasts longer keeps the exec ID, not the pointer.
type Process struct {
	Facts
	*Image // never nil; shared with the processes forked from it that have not called exec

	parent    *Process // if parent.gen is still parentGen
	links     links[Process]
	heard     uint64 // live: time of the last record about it; ended: the table's time at that
	gen       uint32 // how many times this memory was given back
	parentGen uint32
	children  int32  // entries whose parent this is
	epoch     uint32 // the last reconciliation that saw it
	childNS   uint32 // PID namespace of its children, after unshare or setns
	state     state
	commLen   uint8
	comm      [16]byte
}

type state uint8

const (
	stateFree   state = iota
	stateLive         // runs
	stateFading       // ended, within its grace time
	statePinned       // ended, and an ancestor of something in the table
)

func (p *Process) around() *links[Process] { return &p.links }

// Comm is the name of the main thread.
func (p *Process) Comm() []byte { return p.comm[:p.commLen] }

// Children counts the entries, ended ones among them, that this image made.
func (p *Process) Children() int { return int(p.children) }

func (p *Process) setComm(b []byte) { p.commLen = uint8(copy(p.comm[:], b)) }
