// Package ingest is the server's side for sensors: it enrols them, takes their batches
// exactly once, hears of their drops and health, and tells them their policy.
//
// A batch is acknowledged when it lies in the server's spool. That this server stores it
// is claimed in the control state later, many at once, before it goes to the store; until
// then the receiver remembers it, so that it is not taken twice. A server that ends in
// between finds the batch in its spool when it starts, and claims it then (Claim), before
// it takes any other. A batch that two servers took, because the answer of the first did
// not reach the sensor, is stored by the one that claims it first.
package ingest
