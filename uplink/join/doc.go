// Package join puts the server together with its disk, its store and its exports:
//
//	ingest    what sensors send  -> spool, and only then the answer
//	drain     spool              -> store (all), control state (alerts), exports
//	exports   a backlog and an exporter for each row of the control state that is enabled
//	api       what people and programs ask, of control state and store
//
// What an export waits for lies in DIR/exports/ID as batches, as sensors packed them, each
// behind the filter that it was offered by; it is decoded when its turn comes. A batch is
// offered when the store has taken it, and not again when the store is given it again in
// the same life of the server. Rows are looked at when the API changed one, and each ten
// seconds, for another server of the same database may have.
//
// An event on its way: its batch is decoded, its record copied, and its fields made of the
// record and given to the store's loaders; JSON is made of it only where an export wants it.
package join
