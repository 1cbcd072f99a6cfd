// Package host tells facts of the machine that the sensor runs on: what decides
// about capturing, for `vigil doctor` and as an event at the start (Gather), and
// the names of its users (Users).
//
// A fact that cannot be seen is said to be unknown, with what would show it:
// nothing is mounted, loaded or changed to find out.
package host
