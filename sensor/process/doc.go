// Package process keeps the table of processes: who runs, who ran a moment ago,
// what each was started with and by whom. Records of the life of processes go
// in, in ring order; every other event then finds its process by exec ID,
// without /proc.
//
// An entry is one image: a process that calls exec goes on under a new exec ID
// and a new entry, so that a child made before still finds the image that made
// it. Entries stay for a grace time after they end, because records of the bulk
// ring arrive later, and as long as an entry in the table descends from them.
//
// All memory is bounded by Settings. At its bounds the table forgets what
// matters least, and counts it: nothing is lost in silence.
//
// A Table belongs to one goroutine. What others need they get as a copy:
// Snapshot.
package process
