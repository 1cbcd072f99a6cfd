// Package ship brings what lies in a sensor's spool to its server, at least once: a batch
// is let go when the server says that it has it, and is sent again until then. Alerts
// have a way of their own, so that they never wait behind events.
//
// It follows the server's policy as well, and keeps the last one that could be followed;
// and it renews the certificate that it ships with. Once that has ended, what waits stays
// where it is until the host is enrolled again.
package ship
