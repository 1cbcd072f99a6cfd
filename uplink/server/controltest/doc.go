// Package controltest gives tests a control state of each kind: SQLite, and a PostgreSQL
// that the test starts in a folder of its own, on a socket that only it can reach.
package controltest
