// Package join puts the server together with its disk, its store and its exports:
//
//	ingest    what sensors send  -> spool, and only then the answer
//	drain     spool              -> store (all), control state (alerts), exports
//	api       what people and programs ask, of control state and store
//
// An event on its way: its batch is decoded, its record copied, and its fields made of the
// record and given to the store's loaders; JSON is made of it only where an export wants it.
package join
