// Package protocol is what sensor and server say to each other: HTTP/2 over TLS 1.3, where
// both show a certificate of the server's own authority.
//
//	POST /v1/enrol    no certificate yet: a one-time token and a key become one
//	POST /v1/renew    a new key becomes a new certificate, before the old one ends
//	POST /v1/batches  a batch; 200 once it lies in the server's spool, or did already
//	POST /v1/drops    what the sensor's spool let go of
//	POST /v1/report   the sensor's health
//	GET  /v1/policy   what the sensor shall do; waits for a change when asked to
//
// Who speaks is told by the certificate only. The identity of a batch is the sensor, the
// epoch (random, of one spool) and the sequence (from 1, without gaps): the headers of
// this package. An answer of 4xx is final, but 408 and 429; 408, 429 and 5xx ask to come
// again, after Retry-After when it is given. What is refused for good is told as JSON,
// Problem.
package protocol
