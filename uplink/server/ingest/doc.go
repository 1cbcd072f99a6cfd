// Package ingest is the server's side for sensors: it enrols them, takes their batches
// exactly once, hears of their drops and health, and tells them their policy.
//
// A batch is acknowledged when it lies in the server's spool and the control state says
// that this server stores it. The order of the two is what makes it exactly once: a
// server that ends between them finds the batch in its spool when it starts, and claims
// it then (Claim), before it takes any other; a batch that another server claimed
// meanwhile is not stored by this one.
package ingest
