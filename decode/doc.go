// Package decode gives the bytes that sensors produce their names: kernel
// records become typed views, in place, without allocation and without an
// operating system. It builds and is fuzzed everywhere.
//
// A Record is a view into the buffer it was decoded from (the mapped ring, a
// recording): it and every text taken from it are valid until that buffer is
// given back. What outlives the buffer must be copied.
//
// Output is appended: AppendJSON in the names of OCSF, AppendText for a terminal. A
// Flattener gives the former's members as fields: one writer makes both.
// Reader and Writer keep records in a file, a Filter chooses among them, and
// ParseDNS reads what a record of KindDNS carries.
package decode
