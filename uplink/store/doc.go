// Package store keeps events and alerts and finds them again: Embedded in this process,
// by VictoriaLogs' library, or Cluster in a VictoriaLogs cluster, over HTTP. Both have
// the same fields and speak the same LogsQL.
//
// # Fields
//
// A row is one OCSF object (decode.AppendJSON, detect.Alert.AppendJSON). Its members
// become fields, nested ones with dots: process.file.path. All values are text; an array
// is its JSON; what is empty or null is not there. Of a record they are made without that
// JSON in the middle (decode.Flattener: the same definition), of an alert by it. To this come
//
//	_time           when it happened, ns
//	_msg            a few words of it (a command line, a path, an alert's message):
//	                where a word without a field's name is looked for
//	vigil.sensor    with vigil.kind the stream: {vigil.sensor="...",vigil.kind="exec"}
//	vigil.kind      the kind of decode, or alert
//	vigil.epoch, vigil.sequence, vigil.index   the batch, and the place in it
//	vigil.alert     of an alert, its JSON as it came
//
// and, where there is a reason: vigil.clock (what a wrong clock said: _time is then when
// the row came), vigil.cut (fields that lost their end: a row has 240 KiB), vigil.fault
// and vigil.raw (why the JSON could not be taken apart, and what it was), and in a
// cluster vigil.load (the flush that it was for).
//
// Not kept is what an event says twice (see redundant): constants, names of numbers that
// are there, the sensor's inside, process arguments beside the command line, and the
// name of a file beside its path.
//
// # Durable, and once
//
// Add says yes before anything is durable; what Flush returned for is, and can be found.
// The store knows no duplicates: who may have crashed in between asks Has which batches
// are there, and Missing which rows of one are not, before adding again. A batch whose
// Flush did not return may be there in part.
//
// In a cluster a row may still come twice when a node dies while the front sends to it:
// the front sends it to another. The batch's identity tells: Has and Missing count by it.
//
// # Taking in
//
// Who adds does so by several goroutines; one call uses one processor. What a row costs
// is the library's, by the row's fields: twice it copies them, then it makes columns of
// them, filters of the words in those, and compresses both. So that this is done once,
// rows are kept by kind until they make a full block of the library (2 MiB, as it counts):
// a full one is only ever copied when parts are merged, a smaller one is made again each
// time. A full block becomes a part of its own at once. Several such parts are merged in
// memory, up to Settings.Memory / 200 of compressed rows; larger ones become files, two
// for each column. Files are what a flush costs, and what it costs more the more of them
// were deleted: ext4 does not give an inode away again for a minute after that, and who
// makes a file walks past all of those (recently_deleted, fs/ext4/ialloc.c, Linux 6.18):
// 400 µs where it was 40. So few flushes of many rows are cheap, and one of a sensor's
// rows after another's makes fuller blocks.
//
// # How long
//
// Alerts are kept a year, the life of processes 90 days, the rest 30 (Retention). The
// library keeps a storage's days equally long, so Embedded has one storage a class, in
// directories alerts, processes and bulk; a query sees them as one. A cluster's nodes
// have one -retentionPeriod, which should be the longest: Cluster.Expire deletes what is
// over for its class.
//
// # Bounds
//
// A query has an end: rows, time, its context. The library sizes parts in memory, caches,
// and what one query may use (0.4 of it), by Settings.Memory; three queries run at once,
// others wait for their turn within their time. It ends the process when the disk fails or
// is full in the middle of a write: Add refuses with ErrFull before that, while less
// than Settings.Reserve is free.
package store
