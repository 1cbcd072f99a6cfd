// Package drain takes what lies in the server's spool to the store, and lets go of it
// there only when the store has it for good: each batch once, whatever ends when.
package drain
