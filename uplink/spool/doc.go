// Package spool keeps batches on disk until they are released: on the sensor until the
// server has them, on the server until its store has. It is bounded by bytes and by age.
// What does not fit is dropped, the oldest events first and alerts last, counted, and
// told (Tell) until whoever reports it says Told. What Next had given out when it was
// dropped is told batch by batch: it may have arrived, which the one it is for knows.
//
// # Files
//
// Batches of a class lie in segments, "events-FIRST.log" and "alerts-FIRST.log", where
// FIRST is the lowest sequence that it may have, in 16 hexadecimal digits. All numbers
// are little-endian.
//
//	segment                                entry, from byte 40 of the segment on
//	offset  size                           offset  size
//	     0     8  "VIGSPOOL"                    0     4  "VENT"
//	     8     1  version, 1                    4     4  length of the batch
//	     9     1  class                         8     8  sequence
//	    10     6  0                            16     8  time, ns since 1970
//	    16     8  epoch                        24     8  epoch
//	    24     8  first                        32     4  events
//	    32     4  0                            36     1  class
//	    36     4  CRC-32C of bytes 0 to 35     37     3  0
//	                                           40     4  CRC-32C of the batch
//	                                           44     4  CRC-32C of bytes 0 to 43
//	                                           48        the batch
//
// "state" holds the epoch, what was released, and drops that were not told: two slots,
// written by turns. It has its whole length from the beginning, so that a full disk
// does not keep the spool from noting what it drops. "lock" is locked while it is open.
//
// # What survives
//
// A kill at any moment: all that Append has acknowledged; what was being appended is
// cut off by its checksum. That the machine fails: what was durable by then. A full disk:
// Append drops older events for what is new, and older alerts for an alert; with nothing
// less important left it fails, and the batch is counted as refused; with Settings.Keep
// it fails at once. Damage on the disk:
// what a checksum finds wrong is passed over, counted and told; when the headers of
// batches are damaged too, the sequences that are missing are told, without events.
//
// Sequences begin at 1 for an epoch, and alerts and events share them. A sequence is
// never used for two batches that left the spool: Next gives only what is durable.
// Once given out, a batch may be given again after Rewind or a restart, unless it was
// released. After a failure of the machine that may happen to the last released.
//
// # What making durable costs
//
// Interval (the default) waits for the disk once every Settings.SyncEvery, and when Next
// has caught up with what is not durable yet: the writer hardly sees it. When the machine
// fails, what was appended in the last interval may be lost; a kill loses nothing.
// Always waits for the disk in each Append: a millisecond or two each on the disk of a
// virtual machine, shared by all that append at once. Measured with batches of 1,000
// events of 14 bytes each on such a disk, beside other work (go test -bench .):
//
//	                    interval     always
//	one appends       14,500,000    670,000  events/s
//	one, and a reader  9,600,000    440,000
//	16, and a reader   4,100,000  3,300,000
//
// A server takes Always and Keep: its acknowledgement lets a sensor forget. A sensor
// takes Interval, and drops.
package spool
