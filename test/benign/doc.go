// Package benign proves Vigil's silence: what servers and their administrators do all
// day raises no alert of Medium or above. It is done in a Debian of its own (image), in
// namespaces of its own (enter), stage by stage (hour).
package benign
