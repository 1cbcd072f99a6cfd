// Package drain takes what lies in the server's spool to the store, and lets go of it
// there only when the store has it for good: each batch once, whatever ends when.
//
// It goes by loads. A load is what the spool has after a short wait, alerts first, and at
// most so many events that memory is bounded. All of it is claimed at once, added, with
// alerts before events, flushed and released. Events are added by as many goroutines as
// there are processors, each with a part of the batches, sorted by sensor.
//
// When a step fails the whole load is tried again. What the failed try added is flushed
// first: the store tells what it has only of what can be found.
package drain
