// Package behavior holds what no single event shows: state machines, one a file,
// that look at records one after the other and find a course of action: files
// rewritten one by one, a download that is run, a shell at the end of a
// connection.
//
// Their memory is bounded from the start (slots.go), their clock is the records'
// own, they touch nothing but what they are handed, and they allocate nothing for
// an event. What no record tells, what lies in a file, they wish for (Set.Wish) and
// are told later (Set.Sample). What records that are alike (detect.Like) mean to a machine
// is seen at a glance, once (Glancer). Techniques are those of ATT&CK 16 (https://attack.mitre.org).
package behavior
