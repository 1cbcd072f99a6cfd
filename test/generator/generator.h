//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What the parts of the generator share: system calls without a libc, and the tallies.
//
// There is no libc because its start-up would be most of the cost of an exec: this image is one
// read-only segment with no relocations and no writable data, and a leaf ends within its first
// hundred instructions.
#ifndef GENERATOR_H
#define GENERATOR_H

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A failed call answers minus errno.
static inline long syscall6(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;

	asm volatile("syscall"
		     : "+a"(number)
		     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return number;
#elif defined(__aarch64__)
	register long x8 asm("x8") = number;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;
	register long x3 asm("x3") = d;
	register long x4 asm("x4") = e;
	register long x5 asm("x5") = f;

	asm volatile("svc 0"
		     : "+r"(x0)
		     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
		     : "memory");
	return x0;
#else
#error "only x86-64 and arm64 are written"
#endif
}

#define sys(...) SYS_PADDED(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_PADDED(number, a, b, c, d, e, f, ...)                                                  \
	syscall6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

// Starts enter(argument) as a process or thread on a stack of its own, as CLONE_VM demands: on the
// parent's stack it would overwrite what the parent still needs. enter must not return. `id` serves
// CLONE_PARENT_SETTID and CLONE_CHILD_CLEARTID. The first two words of the new stack carry the
// function and its argument across the call.
static inline long spawn(unsigned long flags, char *stack_end, int *id, void (*enter)(void *),
			 void *argument)
{
	void **stack = (void **)stack_end - 2;

	stack[0] = (void *)enter;
	stack[1] = argument;
#if defined(__x86_64__)
	register int *r10 asm("r10") = id;
	long result = __NR_clone;

	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "pop %%rax\n\t"
		     "pop %%rdi\n\t"
		     "call *%%rax\n\t"
		     "ud2\n"
		     "1:"
		     : "+a"(result)
		     : "D"(flags), "S"(stack), "d"(id), "r"(r10)
		     : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 asm("x8") = __NR_clone;
	register long x0 asm("x0") = (long)flags;
	register void **x1 asm("x1") = stack;
	register int *x2 asm("x2") = id;
	register long x3 asm("x3") = 0; // thread-local storage comes before the child's id here
	register int *x4 asm("x4") = id;

	asm volatile("svc 0\n\t"
		     "cbnz x0, 1f\n\t"
		     "ldp x1, x0, [sp], #16\n\t"
		     "blr x1\n\t"
		     "brk 0\n"
		     "1:"
		     : "+r"(x0)
		     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
		     : "memory");
	return x0;
#endif
}

_Noreturn static inline void leave(int status)
{
	for (;;)
		sys(__NR_exit_group, status);
}

static inline long fork_process(void)
{
	return sys(__NR_clone, SIGCHLD);
}

// Ends this process when its parent ends, even if that was before the call.
static inline void die_with(int32_t parent)
{
	sys(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (sys(__NR_getppid) != parent)
		leave(1);
}

static inline uint64_t now_ns(void)
{
	struct timespec t;

	sys(__NR_clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

// Writes the decimal digits of n and a closing NUL, answers where the NUL stands.
static inline char *decimal(char *to, uint64_t n)
{
	char digits[20];
	int count = 0;

	do
		digits[count++] = '0' + n % 10;
	while (n /= 10);
	while (count)
		*to++ = digits[--count];
	*to = '\0';
	return to;
}

static inline char *append(char *to, const char *text)
{
	while ((*to = *text++))
		to++;
	return to;
}

// What is counted, by the words of the report. exits are processes as reaped; creates are the opens
// that are known to have made the file; closes are of files opened for writing.
// clang-format off
#define COUNTERS(X)                                                                                \
	X(execs) X(forks) X(threads) X(exits)                                                      \
	X(creates) X(opens_for_write) X(closes) X(closes_after_write) X(writes) X(bytes_written)   \
	X(renames) X(unlinks) X(mkdirs) X(rmdirs)                                                  \
	X(listens) X(connects) X(accepts) X(bytes_client_to_server) X(bytes_server_to_client)      \
	X(datagrams_sent) X(datagrams_received) X(datagram_bytes)                                  \
	X(getppids)
// clang-format on

struct tally {
#define COUNTER(name) uint64_t name;
	COUNTERS(COUNTER)
#undef COUNTER
};

enum { STDOUT = 1, STDERR = 2, ERRNOS = 134, LONGEST_PATH = 4096, TREE_DEPTH = 6 };

enum record_flag {
	RECORD_EXEC = 1,	// exec'd the generator as `leaf ORDER`
	RECORD_THREAD = 2,	// ran a second thread
	RECORD_FROM_THREAD = 4, // was forked by its parent's second thread
	RECORD_LEFT = 8,	// ended without waiting for its children, if it had any
};

// One process of a tree; the file tree.records in --dir is an array of these, in host byte order.
struct record {
	uint32_t pid;
	uint32_t parent; // the process that forked it, whoever is its parent later
	uint32_t order;	 // when it started, counted over all workers; also its place in the file
	uint16_t worker;
	uint8_t depth; // 1 is a child of the worker
	uint8_t flags;
};
_Static_assert(sizeof(struct record) == 16, "read by report.go");

// Each worker's share and tally, in shared memory, on cache lines of its own.
struct worker {
	struct run *run;
	void (*work)(struct worker *);
	uint32_t index;
	int32_t pid;
	uint64_t share; // how many operations are its own
	int64_t unborn; // of a tree: how many processes may still be forked
	uint64_t done_ns;
	struct tally did;      // the operations asked for
	struct tally overhead; // what it took besides: workers, the first file, tidying up
	uint64_t failures[ERRNOS];
} __attribute__((aligned(64)));

// One run, in shared memory, so that every process sees the same.
struct run {
	const char *self; // the path to exec for a leaf
	const char *directory;
	int32_t pid;
	uint32_t workers;
	struct record *records;
	uint32_t recorded;
	uint64_t start_ns;	// when the workers were let loose, 0 before
	struct worker worker[]; // the generator's own tally stands behind the last worker's
};

// Atomic, because an acceptor or the processes of a tree share their worker's tally.
static inline void add(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

static inline void fail(struct worker *w, long error)
{
	add(&w->failures[error < ERRNOS ? error : ERRNOS - 1], 1);
}

// Notes the error of a failed call; a call that succeeded passes.
static inline bool failed(struct worker *w, long result)
{
	if (result < 0)
		fail(w, -result);
	return result < 0;
}

// Waits for one child (or, with -1, any) and tells whether there was one. A child that was killed
// is a failure, since nobody here kills: ECHILD stands for it, as for a wrong exit status.
bool reap(struct worker *w, struct tally *tally, long pid, int *status);

uint64_t run_workers(struct run *run);

// The kinds of work: process.c, then io.c.
void exec_leaves(struct worker *w);
void fork_only(struct worker *w);
void grow_trees(struct worker *w);
void open_files(struct worker *w);
void write_files(struct worker *w);
void write_same_file(struct worker *w);
void rename_file(struct worker *w);
void unlink_files(struct worker *w);
void make_directories(struct worker *w);
void connect_sockets(struct worker *w);
void send_datagrams(struct worker *w);
void call_getppid(struct worker *w);

#endif
