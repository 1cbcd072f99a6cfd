// Package join puts the server together with its disk, its store and its exports:
//
//	ingest    what sensors send  -> spool, and only then the answer
//	drain     spool              -> store (all), control state (alerts), exports
//	api       what people and programs ask, of control state and store
package join
