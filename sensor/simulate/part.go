package simulate

// Variable of the environment that makes this program play a part, as JSON.
const variable = "VIGIL_SIMULATE"

// part is what a copy of this program does under another's name.
type part struct {
	Do         string   `json:",omitempty"` // "": nothing
	Path, From string   `json:",omitempty"`
	Text       string   `json:",omitempty"`
	Host       string   `json:",omitempty"`
	Port       int      `json:",omitempty"`
	Then       *program `json:",omitempty"` // to be started, once that is done
}

// program is a copy of this program to be run.
type program struct {
	Image     string
	Arguments []string // with the first; none: an empty list, as some exploits give
	Memfd     bool     `json:",omitempty"` // run from memory
	Copied    bool     `json:",omitempty"` // its file is its own, and may be deleted
	Deleted   bool     `json:",omitempty"` // its file is deleted before
	Socket    bool     `json:",omitempty"` // standard input is a socket: that of the part, or one of a pair
	Pipes     bool     `json:",omitempty"` // standard input and output are pipes that its parent holds
	Held      bool     `json:",omitempty"` // standard input is the playbook's own, which ends when nobody waits for it any more
	Part      part
}
