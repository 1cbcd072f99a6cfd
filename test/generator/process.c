//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Processes: the workers, and the kinds of work that make processes: exec, fork, and trees of both.
#include "generator.h"

#include <linux/futex.h>

bool reap(struct worker *w, struct tally *tally, long pid, int *status)
{
	long reaped = sys(__NR_wait4, pid, status, 0, NULL);

	if (reaped < 0) {
		if (pid != -1 || reaped != -ECHILD)
			fail(w, -reaped);
		return false;
	}
	add(&tally->exits, 1);
	if (*status & 0x7f)
		fail(w, ECHILD);
	return true;
}

static long exec_leaf(struct worker *w, uint64_t number)
{
	char digits[21];
	const char *arguments[] = {"generator", "leaf", digits, NULL};

	decimal(digits, number);
	return sys(__NR_execve, w->run->self, arguments, &arguments[3]);
}

struct leaf {
	struct worker *worker;
	uint64_t number;
	long error;
};

// Runs in the parent's memory, so the parent reads the error where the child leaves it.
static void become_leaf(void *argument)
{
	struct leaf *leaf = argument;

	leaf->error = exec_leaf(leaf->worker, leaf->number);
	leave(127);
}

void exec_leaves(struct worker *w)
{
	char stack[4096] __attribute__((aligned(16)));

	for (uint64_t i = 0; i < w->share; i++) {
		struct leaf leaf = {w, i, 0};
		int status;
		long pid = spawn(CLONE_VM | CLONE_VFORK | SIGCHLD, stack + sizeof(stack), NULL,
				 become_leaf, &leaf);

		if (failed(w, pid))
			continue;
		add(&w->did.forks, 1);
		if (!reap(w, &w->did, pid, &status) || failed(w, leaf.error))
			continue;
		if (status == (i & 0x3f) << 8) // which nothing but a leaf answers
			add(&w->did.execs, 1);
		else
			fail(w, ECHILD);
	}
}

void fork_only(struct worker *w)
{
	for (uint64_t i = 0; i < w->share; i++) {
		int status;
		long pid = fork_process();

		if (pid == 0)
			leave(0);
		if (failed(w, pid))
			continue;
		add(&w->did.forks, 1);
		reap(w, &w->did, pid, &status);
	}
}

// --- trees of processes ---

enum { THREAD_STACK = 16384, MOST_CHILDREN = 3 };

// A process of a tree, as its parent made it.
struct seedling {
	struct worker *worker;
	char *stacks; // one for a thread at each depth, private to each process
	uint32_t parent;
	uint8_t depth;
	uint8_t flags;
};

_Noreturn static void live(const struct seedling *self);

// Forks one process of the tree, if the worker's share still has one.
static void plant(const struct seedling *child)
{
	struct worker *w = child->worker;
	long pid;

	if (__atomic_fetch_sub(&w->unborn, 1, __ATOMIC_RELAXED) <= 0)
		return;
	pid = fork_process();
	if (pid == 0)
		live(child);
	if (!failed(w, pid))
		add(&w->did.forks, 1);
}

static void plant_and_end_thread(void *child)
{
	plant(child);
	for (;;)
		sys(__NR_exit, 0);
}

// Forks one process from a second thread, and waits for that thread's end, as told by the kernel.
static bool plant_from_thread(struct seedling *child)
{
	struct worker *w = child->worker;
	int id = 0, now;
	long made;

	child->flags = RECORD_FROM_THREAD;
	made = spawn(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			     CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
		     child->stacks + child->depth * THREAD_STACK, &id, plant_and_end_thread, child);
	if (failed(w, made)) {
		child->flags = 0;
		return false;
	}
	while ((now = __atomic_load_n(&id, __ATOMIC_ACQUIRE)))
		sys(__NR_futex, &id, FUTEX_WAIT, now, NULL);
	add(&w->did.threads, 1);
	return true;
}

// A fixed scramble of n (splitmix64): the dice of process n.
static uint64_t dice(uint64_t n)
{
	n = (n + 1) * 0x9e3779b97f4a7c15;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
	n = (n ^ n >> 27) * 0x94d049bb133111eb;
	return n ^ n >> 31;
}

// The life of one process: note it, fork 0 to 3 children, then wait for them, or exec or exit at
// once and so leave them to the worker. The order number is taken here and not by the parent: so of
// two processes that had the same pid, the first has the lower number.
static void live(const struct seedling *self)
{
	struct worker *w = self->worker;
	struct run *run = w->run;
	uint32_t order = __atomic_fetch_add(&run->recorded, 1, __ATOMIC_RELAXED);
	struct record *record = &run->records[order];
	uint64_t roll = dice(order);
	uint32_t children = self->depth < TREE_DEPTH ? roll % (MOST_CHILDREN + 1) : 0;
	bool from_thread = (roll >> 8) % 8 == 0;
	struct seedling child = *self;
	int status;

	*record = (struct record){
		.pid = sys(__NR_getpid),
		.parent = self->parent,
		.order = order,
		.worker = w->index,
		.depth = self->depth,
		.flags = self->flags,
	};
	child.parent = record->pid;
	child.depth++;
	for (; children; children--) {
		child.flags = 0;
		if (from_thread && plant_from_thread(&child))
			record->flags |= RECORD_THREAD;
		else
			plant(&child);
		from_thread = false;
	}
	switch ((roll >> 16) % 4) {
	case 0:
		// Noted before it happens, because nothing of this image is left after it.
		record->flags |= RECORD_EXEC | RECORD_LEFT;
		add(&w->did.execs, 1);
		fail(w, -exec_leaf(w, order));
		add(&w->did.execs, -1);
		record->flags &= ~RECORD_EXEC;
		break;
	case 1:
		record->flags |= RECORD_LEFT;
		break;
	default:
		while (reap(w, &w->did, -1, &status))
			;
	}
	leave(order & 0x3f);
}

// One tree at a time, wholly reaped before the next: that bounds the processes alive at once
// whatever the count. The worker is the reaper of those whose parent ended first.
void grow_trees(struct worker *w)
{
	struct seedling root = {.worker = w, .parent = w->pid, .depth = 1};
	size_t size = TREE_DEPTH * THREAD_STACK;
	long stacks = sys(__NR_mmap, NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;

	if (failed(w, stacks) || failed(w, sys(__NR_prctl, PR_SET_CHILD_SUBREAPER, 1)))
		return;
	root.stacks = (char *)stacks;
	w->unborn = w->share;
	while (__atomic_load_n(&w->unborn, __ATOMIC_RELAXED) > 0) {
		plant(&root);
		while (reap(w, &w->did, -1, &status))
			;
	}
}

// --- workers ---

// Stays on one of the CPUs that are allowed, round robin.
static void pin(struct worker *w)
{
	uint8_t allowed[1024], mine[1024];
	long bytes = sys(__NR_sched_getaffinity, 0, sizeof(allowed), allowed);
	uint32_t cpu = 0, turn = w->index;

	if (failed(w, bytes))
		return;
	while (!(allowed[cpu / 8] >> cpu % 8 & 1) || turn--)
		cpu = (cpu + 1) % (bytes * 8);
	for (long i = 0; i < bytes; i++)
		mine[i] = 0;
	mine[cpu / 8] = 1 << cpu % 8;
	failed(w, sys(__NR_sched_setaffinity, 0, bytes, mine));
}

// Waits for the gate, that is for the end of file on a pipe that all workers hold, then works.
// Files that were inherited are closed first: every leaf would have to close them again.
_Noreturn static void run_worker(struct worker *w, const int gate[2])
{
	char none;

	die_with(w->run->pid);
	w->pid = sys(__NR_getpid);
	pin(w);
	sys(__NR_close, gate[1]);
	sys(__NR_read, gate[0], &none, 1);
	if (!w->run->start_ns) // the generator gave up, and so closed its end
		leave(1);
	sys(__NR_close_range, STDERR + 1, ~0u, 0);
	w->work(w);
	if (!w->done_ns)
		w->done_ns = now_ns();
	leave(0);
}

// Lets all workers loose at once; answers the nanoseconds that the slowest took, or 0 if they could
// not be made.
uint64_t run_workers(struct run *run)
{
	struct worker *own = &run->worker[run->workers];
	uint64_t end;
	int gate[2], status;

	if (sys(__NR_pipe2, gate, 0) < 0)
		return 0;
	for (uint32_t i = 0; i < run->workers; i++) {
		long pid = fork_process();

		if (pid == 0)
			run_worker(&run->worker[i], gate);
		if (pid < 0)
			return 0;
		add(&own->overhead.forks, 1);
	}
	run->start_ns = end = now_ns();
	sys(__NR_close, gate[0]);
	sys(__NR_close, gate[1]);
	while (reap(own, &own->overhead, -1, &status))
		;
	for (uint32_t i = 0; i < run->workers; i++) {
		// One that was killed did not say when it was done.
		uint64_t done = run->worker[i].done_ns ? run->worker[i].done_ns : now_ns();

		end = done > end ? done : end;
	}
	return end - run->start_ns;
}
