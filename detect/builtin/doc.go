// Package builtin holds the few detections that single kernel events prove by
// themselves, without rules: what runs from memory, a shell on a socket, a
// kernel module, a preloaded library.
package builtin
