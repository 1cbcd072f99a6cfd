// Package server is Vigil's server: it takes what sensors send, keeps what people and
// programs do about it, and answers both. The parts are packages of their own:
//
//	pki      its certificate authority
//	ingest   its side for sensors
//	drain    from its spool to the store of events
//	api      its side for the console and for programs
//	control  its state that is not events
//	live     what changes, told as it does
//	limit    how often
package server
