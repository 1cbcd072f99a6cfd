package detect

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Alert is what a person acts on: a finding about something, with what shows it. What
// is the same within a time is one alert, with a count.
type Alert struct {
	ID       string
	Incident string // ID of the first alert that it belongs together with; its own, of the first
	Finding  Finding
	Host     string
	First    time.Time
	Last     time.Time
	Count    uint64
	Process  Process   // what did it
	Ancestry []Process // what made that, the nearest first
	Entities []Entity  // what it is about
	Evidence []Evidence
	Dismiss  string // why nobody needs to act; "": somebody does
}

// Process is one of an alert.
type Process struct {
	ExecID    uint64
	PID       uint32
	UID       uint32
	Path      string
	Command   string // the arguments as one line for a shell
	Directory string
	User      string
	Container string
	Image     string // of the container
	Start     time.Time
}

// Entity is a thing that an alert is about, as OCSF's observable.
type Entity struct {
	Type  EntityType
	Value string
}

// EntityType is what an entity is, with the numbers of OCSF's observable type_id.
type EntityType uint8

// The types of entities that alerts name.
const (
	EntityHost    EntityType = 1
	EntityAddress EntityType = 2
	EntityUser    EntityType = 4
	EntityPath    EntityType = 45
	// EntityContainer is OCSF's object container.
	EntityContainer EntityType = 27
)

func (t EntityType) String() string {
	switch t {
	case EntityHost:
		return "Hostname"
	case EntityAddress:
		return "IP Address"
	case EntityUser:
		return "User Name"
	case EntityPath:
		return "File Path"
	case EntityContainer:
		return "Container"
	}
	return "Unknown"
}

// Evidence is an event that shows what an alert says, as OCSF.
type Evidence struct {
	Event json.RawMessage
}

// Dismissed tells that nobody needs to act.
func (a *Alert) Dismissed() bool { return a.Dismiss != "" }

// Name is the last name of the image's path.
func (p *Process) Name() string { return p.Path[strings.LastIndexByte(p.Path, '/')+1:] }

// String is the alert in a line: what, and what did it.
func (a *Alert) String() string {
	s := a.Finding.Severity.String() + ": " + a.Finding.Title
	if a.Finding.Technique != "" {
		s += " (" + a.Finding.Technique + ")"
	}
	if a.Process.Path != "" {
		s += fmt.Sprintf(", by %s, pid %d", a.Process.Path, a.Process.PID)
	}
	if a.Count > 1 {
		s += fmt.Sprintf(", seen %d times", a.Count)
	}
	return s
}
