package rule

import (
	"strconv"

	"vigil/decode"
)

// recordField is a field of records by its name in rules.
type recordField struct {
	name   string
	values fieldOf
}

// recordFields are all fields that records have.
func recordFields() []recordField {
	return []recordField{
		{"Image", (*Record).image},
		{"CommandLine", (*Record).commandLine},
		{"CurrentDirectory", (*Record).directory},
		{"User", (*Record).user},
		{"ProcessId", func(e *Record, dst [][]byte) [][]byte { return e.number(dst, uint64(e.record.PID)) }},
		{"ParentProcessId", (*Record).parentID},
		{"ParentImage", (*Record).parentImage},
		{"ParentCommandLine", (*Record).parentCommandLine},
		{"LogonId", execNumber(func(x *decode.Exec) uint32 { return x.SessionID })},
		{"Uid", func(e *Record, dst [][]byte) [][]byte { return e.number(dst, uint64(e.record.UID)) }},
		{"Euid", execNumber(func(x *decode.Exec) uint32 { return x.EUID })},
		{"Gid", execNumber(func(x *decode.Exec) uint32 { return x.GID })},
		{"LoginUid", execNumber(func(x *decode.Exec) uint32 { return x.LoginUID })},
		{"Stdin", stdio(0)},
		{"Stdout", stdio(1)},
		{"Stderr", stdio(2)},
		{"Tty", execText(decode.ExecTTYText)},
		{"Interpreter", execText(decode.ExecInterpreterText)},
		{"Script", (*Record).script},
		{"FirstArgument", (*Record).firstArgument},
		{"ImageFlags", (*Record).imageFlags},
		{"ContainerId", func(e *Record, dst [][]byte) [][]byte { return e.string(dst, e.actor.Container.ID) }},
		{"ContainerImage", func(e *Record, dst [][]byte) [][]byte { return e.string(dst, e.actor.Container.Image) }},
		{"TargetFilename", (*Record).target},
		{"SourceFilename", (*Record).sourceFile},
		{"Operation", (*Record).operation},
		{"Created", (*Record).created},
		{"Mode", (*Record).mode},
		{"Attribute", (*Record).attribute},
		{"DestinationIp", func(e *Record, dst [][]byte) [][]byte { return e.address(dst, true) }},
		{"DestinationPort", func(e *Record, dst [][]byte) [][]byte { return e.port(dst, true) }},
		{"DestinationHostname", (*Record).hostname},
		{"SourceIp", func(e *Record, dst [][]byte) [][]byte { return e.address(dst, false) }},
		{"SourcePort", func(e *Record, dst [][]byte) [][]byte { return e.port(dst, false) }},
		{"Protocol", (*Record).protocol},
		{"Initiated", (*Record).initiated},
		{"QueryName", (*Record).queryName},
		{"QueryType", (*Record).queryType},
		{"QueryResults", (*Record).queryResults},
		{"ImageLoaded", moduleText(decode.ModulePathText)},
		{"ModuleName", moduleText(decode.ModuleNameText)},
		{"FromMemory", (*Record).fromMemory},
		{"Anonymous", memoryFlag(decode.MemoryAnonymous)},
		{"WasWritable", memoryFlag(decode.MemoryWritable | decode.MemoryWriteToExecute)},
		{"Shared", memoryFlag(decode.MemoryShared)},
		{"TargetProcessId", (*Record).targetID},
		{"Signal", (*Record).signal},
		{"NewUid", newID(func(i *decode.IDs) uint32 { return i.UID })},
		{"NewEuid", newID(func(i *decode.IDs) uint32 { return i.EUID })},
		{"CapabilitiesGained", (*Record).gained},
		{"Source", mountText(decode.MountSourceText)},
		{"Target", mountText(decode.MountTargetText)},
		{"FileSystem", mountText(decode.MountTypeText)},
		{"Name", (*Record).kernelName},
		{"Value", (*Record).kernelValue},
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
