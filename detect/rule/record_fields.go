package rule

import (
	"strconv"

	"vigil/decode"
)

// recordField is a field of records by its name in rules.
type recordField struct {
	name   string
	values fieldOf
	alike  bool // the same for all records that are alike: detect.Like
}

// recordFields are all fields that records have.
func recordFields() []recordField {
	return []recordField{
		{"Image", (*Record).image, true},
		{"CommandLine", (*Record).commandLine, false},
		{"CurrentDirectory", (*Record).directory, false},
		{"User", (*Record).user, true},
		{"ProcessId", func(e *Record, dst [][]byte) [][]byte { return e.number(dst, uint64(e.record.PID)) }, false},
		{"ParentProcessId", (*Record).parentID, false},
		{"ParentImage", (*Record).parentImage, true},
		{"ParentCommandLine", (*Record).parentCommandLine, false},
		{"LogonId", execNumber(func(x *decode.Exec) uint32 { return x.SessionID }), false},
		{"Uid", func(e *Record, dst [][]byte) [][]byte { return e.number(dst, uint64(e.record.UID)) }, true},
		{"Euid", execNumber(func(x *decode.Exec) uint32 { return x.EUID }), true},
		{"Gid", execNumber(func(x *decode.Exec) uint32 { return x.GID }), true},
		{"LoginUid", execNumber(func(x *decode.Exec) uint32 { return x.LoginUID }), true},
		{"Stdin", stdio(0), true},
		{"Stdout", stdio(1), true},
		{"Stderr", stdio(2), true},
		{"Tty", execText(decode.ExecTTYText), false},
		{"Interpreter", execText(decode.ExecInterpreterText), false},
		{"Script", (*Record).script, false},
		{"FirstArgument", (*Record).firstArgument, false},
		{"ImageFlags", (*Record).imageFlags, true},
		{"ContainerId", func(e *Record, dst [][]byte) [][]byte { return e.string(dst, e.by().Container.ID) }, true},
		{"ContainerImage", func(e *Record, dst [][]byte) [][]byte { return e.string(dst, e.by().Container.Image) }, true},
		{"TargetFilename", (*Record).target, false},
		{"SourceFilename", (*Record).sourceFile, false},
		{"Operation", (*Record).operation, false},
		{"Created", (*Record).created, false},
		{"Mode", (*Record).mode, false},
		{"Attribute", (*Record).attribute, false},
		{"DestinationIp", func(e *Record, dst [][]byte) [][]byte { return e.address(dst, true) }, false},
		{"DestinationPort", func(e *Record, dst [][]byte) [][]byte { return e.port(dst, true) }, false},
		{"DestinationHostname", (*Record).hostname, false},
		{"SourceIp", func(e *Record, dst [][]byte) [][]byte { return e.address(dst, false) }, false},
		{"SourcePort", func(e *Record, dst [][]byte) [][]byte { return e.port(dst, false) }, false},
		{"Protocol", (*Record).protocol, false},
		{"Initiated", (*Record).initiated, true},
		{"QueryName", (*Record).queryName, false},
		{"QueryType", (*Record).queryType, false},
		{"QueryResults", (*Record).queryResults, false},
		{"ImageLoaded", moduleText(decode.ModulePathText), false},
		{"ModuleName", moduleText(decode.ModuleNameText), false},
		{"FromMemory", (*Record).fromMemory, false},
		{"Anonymous", memoryFlag(decode.MemoryAnonymous), false},
		{"WasWritable", memoryFlag(decode.MemoryWritable | decode.MemoryWriteToExecute), false},
		{"Shared", memoryFlag(decode.MemoryShared), false},
		{"TargetProcessId", (*Record).targetID, false},
		{"Signal", (*Record).signal, false},
		{"NewUid", newID(func(i *decode.IDs) uint32 { return i.UID }), false},
		{"NewEuid", newID(func(i *decode.IDs) uint32 { return i.EUID }), false},
		{"CapabilitiesGained", (*Record).gained, false},
		{"Source", mountText(decode.MountSourceText), false},
		{"Target", mountText(decode.MountTargetText), false},
		{"FileSystem", mountText(decode.MountTypeText), false},
		{"Name", (*Record).kernelName, false},
		{"Value", (*Record).kernelValue, false},
	}
}

// text appends a value if it is not empty.
func (e *Record) text(dst [][]byte, v []byte) [][]byte {
	if len(v) == 0 {
		return dst
	}
	return append(dst, v)
}

// string appends a value that is text of Go's.
func (e *Record) string(dst [][]byte, v string) [][]byte {
	if v == "" {
		return dst
	}
	from := len(e.made)
	e.made = append(e.made, v...)
	return append(dst, e.made[from:])
}

func (e *Record) number(dst [][]byte, n uint64) [][]byte {
	from := len(e.made)
	e.made = strconv.AppendUint(e.made, n, 10)
	return append(dst, e.made[from:])
}

func (e *Record) truth(dst [][]byte, is bool) [][]byte {
	if is {
		return e.string(dst, "true")
	}
	return e.string(dst, "false")
}

// joined appends arguments with spaces between them.
func (e *Record) joined(dst [][]byte, arguments []byte) [][]byte {
	if n := len(arguments); n > 0 && arguments[n-1] == 0 {
		arguments = arguments[:n-1]
	}
	if len(arguments) == 0 {
		return dst
	}
	from := len(e.made)
	e.made = append(e.made, arguments...)
	for i, c := range e.made[from:] {
		if c == 0 {
			e.made[from+i] = ' '
		}
	}
	return append(dst, e.made[from:])
}
