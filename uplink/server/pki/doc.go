// Package pki is the server's own certificate authority: made at its first start, it
// signs the certificates of the server and of its sensors, and nothing else.
package pki
