// Package batch makes blocks of events and alerts, as they lie in spools and travel from
// a sensor to its server, and opens them. Who decodes gets what the sensor had: the
// same records, byte for byte, and the same actors with one level of parents.
//
// A block names each string, each process and each ID once, tells of an event what is
// other than in one before it, and puts like numbers side by side, which a zstd frame
// then holds. A block stands alone: it depends on none before it.
//
// # Numbers
//
// Fixed numbers are little-endian. A number of a column is LEB128: 7 bits a byte, the
// low ones first, the top bit set in all bytes but the last. A step is a signed number n
// as the number 2n, or -2n-1 when it is below 0 (zigzag). A column is a number, its
// length in bytes, and so many bytes. A list of n columns is n of them, one by one.
//
// # Block
//
//	offset  size
//	     0     4  "VIGB"
//	     4     1  version, 2
//	     5     1  class: 1 events, 2 alerts (any block that has one)
//	     6     2  0
//	     8     4  events
//	    12     4  alerts
//	    16     8  length of all records together
//	    24     4  length of the payload
//	    28     4  length of what follows the header
//	    32     4  0
//	    36     4  CRC-32C of the bytes 0 to 35, and of what follows the header
//	    40        the payload as a zstd frame
//
// # Payload
//
//	meta        boot seed (8 bytes), boot offset (8 bytes, signed), and four texts, each
//	            a number, its length, and its bytes: version of vigil, host, kernel
//	            release, architecture: those of a recording (decode.Meta)
//	bytes       2 columns: those of all strings, and those of all alerts
//	strings     their number, then a column of their lengths
//	alerts      a column of their lengths
//	IDs         their number
//	containers  their number, then 7 columns
//	actors      their number, then 13 columns
//	who         their number, then 7 columns
//	events      2 columns: kinds, who
//	kinds       of each kind that there is, from the lowest: the kind (a byte), all masks
//	            put together by or (a number), a column of masks, one of slots, a column
//	            for each text; then a byte 0
//	words       of each kind, from the lowest, a column for each word whose bit is set in
//	            all masks together, but for the wide ones
//	times       a column
//	wide words  as the others
//	IDs         8 bytes each
//
// Nothing follows. All that is told is used: a column that has more, or fewer, than its
// events ask for is damaged.
//
// # References
//
// The decoder goes through the events from the first on. Where it meets a reference to
// something that was not referred to yet, it takes the next: the next string of the
// dictionary, the next ID, the next row of a table, whose own references are followed
// there and then, in the order given here. A reference is a number:
//
//	to a string      0 the next, 1 the empty one, else 2 and its place (from 0)
//	to an ID         0 the next, else 1 and its place
//	to a container   0 none, 1 the next, else 2 and its place
//	to an actor      0 none, 1 the next, else 2 and its place
//	to who           0 the one of the event before, 1 the next, else 2 and its place
//
// # Tables
//
// A row is read over all columns of its table. Steps are to the row told before it (to 0
// in the first; of the boot offset, to that of the meta), modulo the field's width.
//
//	who         exec ID (ID), parent's exec ID (ID), cgroup (step), PID (step), TID (step
//	            to the PID), UID (step), actor (reference): 64 bits for the cgroup, 32
//	            for the others
//	actors      columns in the order: exec ID, start, PID, PPID, boot offset, path,
//	            arguments, comm, working directory, user, host, container, parent. They
//	            are read in the order: parent (reference to an actor; only of a row that
//	            who refers to, not of one that is first met as a parent), exec ID (ID),
//	            start (step), PID (step), PPID (step to the PID), boot offset (step),
//	            comm, path, arguments, working directory, user, host (strings), container.
//	            A row counts as told once its parent's is: the parent's comes before it.
//	containers  ID, name, image, runtime, pod UID, pod name, pod namespace (strings)
//
// # Events
//
// Of each event, in this order: its kind, a byte (the numbers of bpf/event.h); its
// time, a step to the time of the event before (0 before the first); who; then, from
// the columns of its kind:
//
//	texts    a reference to a string for each of the kind's, in the order of event.h
//	ends     of kinds whose struct begins with struct endpoints: a slot, a byte
//	changes  a mask, a number: bit i is set when word i is another than before; then
//	         of each such word, from the lowest, what its column has
//
// The words of a kind are, from 0, the 8 bytes that begin at each multiple of 8 in its record, up
// to the texts, but for those of which nothing is told. Told are, of struct event_header,
// flags, cpu, ring, lost and count; of the kind's struct all of it, padding too, but the
// lengths of texts. Of a word is told, by what lies in it:
//
//	an ID, ...exec_id                 a reference to an ID
//	start, first, last, since, until  a step to the time of the event
//	another number of 8 bytes         a step to the one before, modulo 64 bits
//	half of an address of 16 bytes    the same; the number is big-endian
//	smaller fields                    a step for bytes 0 to 3, one for bytes 4 to 7, each
//	                                  modulo 32 bits: the number that they make without
//	                                  what is not told, shifted down to the lowest byte
//	                                  that is told
//
// Wide words are the numbers of 8 bytes that are no IDs, and addresses.
//
// "Before" is the event of the same kind before, all 0 for the first, but for this:
//
//   - cpu is compared with that of the last event of the same row of who; of a row that
//     has none yet, with that of the row told before it; 0 for the first.
//   - Of kinds whose struct begins with struct file_identity: when an event before, of
//     any such kind, had the string that is this event's first text (not the empty one)
//     as its path, the identity before is the one of the last such event. Paths are the
//     first text, and of link, rename and symlink the second too. A string may be told
//     twice; then it counts as two.
//   - Of kinds with ends: there are 64 slots. The ends before are those that the slot
//     holds or, when it holds none yet, those of the last event that had a slot, all 0
//     when there was none. The slot then holds this event's.
//
// The record is made of this: length from its texts, kind, time, exec ID, parent's exec
// ID, cgroup, PID, TID and UID from who, all else from the words.
//
// # What is promised
//
// A kind that is new, at the end of the enumeration, leaves the version as it is: an
// older decoder says that the kind has no columns. Any other change of event.h, or of
// this, is another version.
//
// Decode takes no memory, and Events no time, beyond what Limits allow, whatever the
// bytes are. How large blocks are, and what they cost: go test -bench . in this
// directory, with VIGIL_RECORDING=FILE on a recording of vigil run --record.
package batch
