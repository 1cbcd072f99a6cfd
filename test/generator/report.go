package generator

import (
	"encoding/binary"
	"fmt"
	"os"
)

// Report is what the generator writes at its end.
type Report struct {
	Kind       string            `json:"kind"`
	PID        int               `json:"pid"`
	Count      uint64            `json:"count"` // as asked for, not as done
	WorkerPIDs []int             `json:"worker_pids"`
	Did        Tally             `json:"did"`      // the operations of the kind
	Overhead   Tally             `json:"overhead"` // what they took besides: workers, first files, tidying up
	Failures   map[string]uint64 `json:"failures"` // by errno
	ElapsedNS  int64             `json:"elapsed_ns"`
	Self       Usage             `json:"self"`
	Children   Usage             `json:"children"`
}

// Tally counts what happened. A sensor that watched the generator's whole process tree should have
// seen the sum of both tallies of a report.
type Tally struct {
	Execs               uint64 `json:"execs"`
	Forks               uint64 `json:"forks"`
	Threads             uint64 `json:"threads"`
	Exits               uint64 `json:"exits"`   // processes, as reaped
	Creates             uint64 `json:"creates"` // opens that made the file, as O_EXCL proves
	OpensForWrite       uint64 `json:"opens_for_write"`
	Closes              uint64 `json:"closes"` // of files opened for writing
	ClosesAfterWrite    uint64 `json:"closes_after_write"`
	Writes              uint64 `json:"writes"`
	BytesWritten        uint64 `json:"bytes_written"`
	Renames             uint64 `json:"renames"`
	Unlinks             uint64 `json:"unlinks"`
	Mkdirs              uint64 `json:"mkdirs"`
	Rmdirs              uint64 `json:"rmdirs"`
	Listens             uint64 `json:"listens"`
	Connects            uint64 `json:"connects"`
	Accepts             uint64 `json:"accepts"`
	BytesClientToServer uint64 `json:"bytes_client_to_server"`
	BytesServerToClient uint64 `json:"bytes_server_to_client"`
	DatagramsSent       uint64 `json:"datagrams_sent"`
	DatagramsReceived   uint64 `json:"datagrams_received"`
	DatagramBytes       uint64 `json:"datagram_bytes"`
	Getppids            uint64 `json:"getppids"`
}

// Usage is processor time as getrusage tells it.
type Usage struct {
	UserUS   int64 `json:"user_us"`
	SystemUS int64 `json:"system_us"`
}

// RecordFlags tell what a process of a tree did.
type RecordFlags uint8

// The flags of a [Record], as in generator.h.
const (
	Execed     RecordFlags = 1 << iota // exec'd the generator as "leaf ORDER"
	Threaded                           // forked one child from a second thread
	FromThread                         // was that child
	Left                               // ended without waiting for its children, if it had any
)

// Record is one process of a tree. The file tree.records is an array of them, 16 bytes each, little
// endian, in the order of the fields; the process with order number n stands at n*16. A process
// takes its number as the first thing in its life, so a pid that was used twice was used first by
// the lower number.
type Record struct {
	PID    uint32
	Parent uint32 // the process that forked it, whoever became its parent later
	Order  uint32
	Worker uint16 // index into WorkerPIDs
	Depth  uint8  // 1 is a child of the worker
	Flags  RecordFlags
}

// ReadRecords reads a tree.records file.
func ReadRecords(path string) ([]Record, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read tree records: %w", err)
	}
	records := make([]Record, len(data)/binary.Size(Record{}))
	n, err := binary.Decode(data, binary.LittleEndian, records)
	if err != nil {
		return nil, fmt.Errorf("read tree records: %w", err)
	}
	if n != len(data) {
		return nil, fmt.Errorf("read tree records: %d bytes after the last record", len(data)-n)
	}
	return records, nil
}
