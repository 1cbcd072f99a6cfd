// Package simulate makes the events that alerts come of, and none of the damage.
//
// A playbook runs as a child process in mount and network namespaces of its own:
// what it writes to /etc or anywhere else lies on file systems in memory that end
// with it, its packets never leave it, and the programs that it runs are copies of
// this program, which take the names and arguments that a rule looks for and do
// next to nothing. What is to seem a container's plays in a cgroup that is made for
// it, and removed: the one thing that others can see.
package simulate
