// Package ship brings what lies in a sensor's spool to its server, at least once: a batch
// is let go when the server says that it has it, and is sent again until then. Alerts
// have a way of their own, so that they never wait behind events.
package ship
