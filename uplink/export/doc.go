// Package export hands alerts and events on to other systems: SIEMs, log stores,
// message queues, files.
//
// A Backlog is what waits for one destination, and the account of what became of all that
// was offered, on disk: Offer lays a block down and waits for no destination. When it is
// full its oldest events go, and alerts only when no event is left. An Exporter takes
// batches out of it, alerts first, and hands them over until the destination has answered
// for each item: that it has it, or that it never will. So, when nothing is on its way,
//
//	offered = queued + delivered + undelivered
//
// and Status says why and how many the undelivered are. The account is written before the
// queue lets go of a block, and says of a block in part which items are answered for: it is
// true to the item when the program is killed at any moment. What is not answered for is
// sent again: a destination gets every item at least once, and Elasticsearch, which is told
// an ID, keeps it once. With a Snapshot an exporter hands on what its source has, at certain
// times; such items wait nowhere.
//
// Settings as JSON, and which of them are secrets, are in settings.go and secret.go;
// docs/exports.md shows them to people.
//
// What "delivered" is worth differs (Status.Confirmed): a datagram is delivered when the
// kernel took it. A TCP or TLS connection carries one batch, and the batch is delivered
// when the receiver closes its end in good order, which a receiver does that has read
// to the end; one that dies with bytes unread resets the connection, and the batch is
// sent again. All others answer for what they took.
//
// The mapping of OCSF to CEF is the table in cef_table.go, to ECS in ecs_table.go.
package export
