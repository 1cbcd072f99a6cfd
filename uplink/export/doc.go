// Package export hands alerts and events on to other systems: SIEMs, log stores,
// message queues, files.
//
// An Exporter is one destination. Offer never waits: what it takes lies in a queue of
// the exporter's own, so that a slow destination slows nothing else. When the queue is
// full its oldest event goes, and an alert only when no event is left. Run takes
// batches, alerts first, and hands them over until the destination has answered for
// each item: that it has it, or that it never will. So, at any moment,
//
//	offered = filtered + queued + sending + delivered + undelivered
//
// and Status says why, how many and of what time the undelivered are. What is not
// answered for is sent again: a destination gets every item at least once, and
// Elasticsearch, which is told an ID, keeps it once.
//
// What "delivered" is worth differs (Status.Confirmed): a datagram is delivered when the
// kernel took it. A TCP or TLS connection carries one batch, and the batch is delivered
// when the receiver closes its end in good order, which a receiver does that has read
// to the end; one that dies with bytes unread resets the connection, and the batch is
// sent again. All others answer for what they took.
//
// The mapping of OCSF to CEF is the table in cef_table.go, to ECS in ecs_table.go.
package export
