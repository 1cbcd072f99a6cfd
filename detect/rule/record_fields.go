package rule

import (
	"strconv"

	"vigil/decode"
)

// recordField is a field of records by its name in rules.
type recordField struct {
	name   string
	values fieldOf
	parts  parts // that its values are made from, of the kinds that the memo is for
}

// recordFields are all fields that records have.
func recordFields() []recordField {
	return []recordField{
		{"Image", (*Record).image, fromStrings | fromActor},
		{"CommandLine", (*Record).commandLine, fromStrings | fromActor},
		{"CurrentDirectory", (*Record).directory, fromStrings | fromActor},
		{"User", (*Record).user, fromUser},
		{"ProcessId", func(e *Record, dst [][]byte) [][]byte { return e.number(dst, uint64(e.record.PID)) }, varies},
		{"ParentProcessId", (*Record).parentID, varies},
		{"ParentImage", (*Record).parentImage, fromParent},
		{"ParentCommandLine", (*Record).parentCommandLine, fromParent},
		{"LogonId", execNumber(func(x *decode.Exec) uint32 { return x.SessionID }), varies},
		{"Uid", func(e *Record, dst [][]byte) [][]byte { return e.number(dst, uint64(e.record.UID)) }, fromIDs},
		{"Euid", execNumber(func(x *decode.Exec) uint32 { return x.EUID }), fromIDs},
		{"Gid", execNumber(func(x *decode.Exec) uint32 { return x.GID }), fromIDs},
		{"LoginUid", execNumber(func(x *decode.Exec) uint32 { return x.LoginUID }), fromIDs},
		{"Stdin", stdio(0), fromFlags},
		{"Stdout", stdio(1), fromFlags},
		{"Stderr", stdio(2), fromFlags},
		{"Tty", execText(decode.ExecTTYText), fromStrings},
		{"Interpreter", execText(decode.ExecInterpreterText), fromStrings},
		{"Script", (*Record).script, fromStrings | fromFlags},
		{"FirstArgument", (*Record).firstArgument, fromStrings | fromActor},
		{"ImageFlags", (*Record).imageFlags, fromFlags | fromStrings},
		{"ContainerId", func(e *Record, dst [][]byte) [][]byte { return e.string(dst, e.actor.Container.ID) }, fromContainer},
		{"ContainerImage", func(e *Record, dst [][]byte) [][]byte { return e.string(dst, e.actor.Container.Image) }, fromContainer},
		{"TargetFilename", (*Record).target, varies},
		{"SourceFilename", (*Record).sourceFile, varies},
		{"Operation", (*Record).operation, varies},
		{"Created", (*Record).created, varies},
		{"Mode", (*Record).mode, varies},
		{"Attribute", (*Record).attribute, varies},
		{"DestinationIp", func(e *Record, dst [][]byte) [][]byte { return e.address(dst, true) }, fromDestination},
		{"DestinationPort", func(e *Record, dst [][]byte) [][]byte { return e.port(dst, true) }, fromDestination},
		{"DestinationHostname", (*Record).hostname, fromDestination},
		{"SourceIp", func(e *Record, dst [][]byte) [][]byte { return e.address(dst, false) }, varies},
		{"SourcePort", func(e *Record, dst [][]byte) [][]byte { return e.port(dst, false) }, varies},
		{"Protocol", (*Record).protocol, fromDestination},
		{"Initiated", (*Record).initiated, fromKind},
		{"QueryName", (*Record).queryName, varies},
		{"QueryType", (*Record).queryType, varies},
		{"QueryResults", (*Record).queryResults, varies},
		{"ImageLoaded", moduleText(decode.ModulePathText), varies},
		{"ModuleName", moduleText(decode.ModuleNameText), varies},
		{"FromMemory", (*Record).fromMemory, varies},
		{"Anonymous", memoryFlag(decode.MemoryAnonymous), varies},
		{"WasWritable", memoryFlag(decode.MemoryWritable | decode.MemoryWriteToExecute), varies},
		{"Shared", memoryFlag(decode.MemoryShared), varies},
		{"TargetProcessId", (*Record).targetID, varies},
		{"Signal", (*Record).signal, varies},
		{"NewUid", newID(func(i *decode.IDs) uint32 { return i.UID }), varies},
		{"NewEuid", newID(func(i *decode.IDs) uint32 { return i.EUID }), varies},
		{"CapabilitiesGained", (*Record).gained, varies},
		{"Source", mountText(decode.MountSourceText), varies},
		{"Target", mountText(decode.MountTargetText), varies},
		{"FileSystem", mountText(decode.MountTypeText), varies},
		{"Name", (*Record).kernelName, varies},
		{"Value", (*Record).kernelValue, varies},
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
