// Package container says which container is behind a cgroup: its runtime and ID
// from the cgroup's path alone (Parse), its name, image and pod from the runtime.
//
// A Resolver keeps what is known by cgroup ID, the number that every event
// carries. Lookup is for the hot path: no lock, no allocation, no I/O. Names
// arrive later, from one goroutine that reads the runtimes' state files or asks
// their sockets; until then an Info has only what the path tells. All memory is
// bounded by Settings, and what its bounds push out is counted.
//
// Every hierarchy of cgroup v1 numbers its cgroups on its own, so a Resolver
// speaks of one hierarchy: Hierarchy says which, and the kernel side must use
// the same.
package container
