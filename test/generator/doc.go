// Package generator is the independent witness of the test "sent + lost = happened": a small C
// program that does exactly N operations of one kind on several CPUs at once, as fast as the
// machine can, and reports what truly happened. This package builds nothing; it reads the report.
//
//	test/generator/build /tmp/generator
//	/tmp/generator KIND --count N --workers W --dir DIR [--out FILE]
//
// The W workers share the N operations, each pinned to a CPU, and start together. KIND is one of
//
//	exec      vfork, execve of "generator leaf I" (which ends with status I & 0x3f), wait
//	fork      fork, exit at once, wait
//	tree      trees of processes, at most 6 deep; see [Record]
//	open      open for writing, close; 64 files a worker in turn
//	write     open for writing, write i % 100 + 1 bytes, close; 64 files a worker in turn
//	samefile  open for writing, write 12 bytes, close; one file a worker
//	rename    one file a worker, there and back; N counts single renames
//	unlink    create, unlink
//	mkdir     mkdir, rmdir
//	connect   TCP on 127.0.0.1, i % 50 bytes there and the same back, close
//	udp       a new socket, one datagram of i % 50 + 1 bytes on 127.0.0.1, close
//	getppid   nothing but the system call, as a baseline
//	mixed     exec, write, rename and connect at once, W workers and N operations each
//
// where i counts each worker's own operations from 0. In a tree some processes exec, some fork from
// a second thread, and some end before their children, which the worker then reaps.
//
// The report is one JSON object: see [Report]. Every number in it counts successes that the kernel
// answered; nothing is computed from N. Only three things are in no count: the generator's own
// exec, its own exit, and the writing of the report.
//
// It exits 0 when all went well, 1 after any failure (the report is written nevertheless, with the
// failures by errno) and 2, with a usage text, on a wrong command line. A process that was killed,
// or ended with the wrong status, is a failure under ECHILD. Nothing outlives the program, and a
// SIGALRM ends it after 600 seconds. It deletes its files (DIR/generator-PID-*) except tree.records,
// unless it was killed.
//
// It is written for Linux on x86-64 and arm64. Before Linux 5.9, which brought close_range, leaves
// inherit what the generator inherited, and are slower by that.
package generator
