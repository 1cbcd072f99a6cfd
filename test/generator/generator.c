//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The command line, the workers and the report. See doc.go for what the program is for.
#include "generator.h"

#include <linux/auxvec.h>
#include <linux/resource.h>

enum { MOST_WORKERS = 64, MOST_OPERATIONS = 10000000, LONGEST_RUN_SECONDS = 600 };

static const char usage[] =
	"usage: generator KIND --count N --workers W --dir DIR [--out FILE]\n"
	"kinds: exec fork tree open write samefile rename unlink mkdir connect udp getppid mixed\n"
	"N: 1 to 10000000; W: 1 to 64; DIR must exist; without FILE the report is printed\n";

static const struct kind {
	const char *name;
	void (*work)(struct worker *);
} kinds[] = {
	{"exec", exec_leaves},
	{"fork", fork_only},
	{"tree", grow_trees},
	{"open", open_files},
	{"write", write_files},
	{"samefile", write_same_file},
	{"rename", rename_file},
	{"unlink", unlink_files},
	{"mkdir", make_directories},
	{"connect", connect_sockets},
	{"udp", send_datagrams},
	{"getppid", call_getppid},
	{"mixed", NULL},
};

static void (*const mixture[])(struct worker *) = {
	exec_leaves,
	write_files,
	rename_file,
	connect_sockets,
};

struct options {
	const struct kind *kind;
	uint64_t count, workers;
	const char *directory, *out;
};

// --- command line ---

static void say(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	sys(__NR_write, STDERR, text, length);
}

_Noreturn static void complain(int status, const char *what, const char *which)
{
	say("generator: ");
	say(what);
	say(which);
	say("\n");
	if (status == 2)
		say(usage);
	leave(status);
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static uint64_t number(const char *text, uint64_t most, const char *flag)
{
	uint64_t n = 0;

	for (; *text >= '0' && *text <= '9' && n <= most; text++)
		n = n * 10 + (*text - '0');
	if (*text || !n || n > most)
		complain(2, "out of range: ", flag);
	return n;
}

static struct options parse(char **argument)
{
	struct options o = {};

	if (!*argument)
		complain(2, "which kind?", "");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (same(*argument, kinds[i].name))
			o.kind = &kinds[i];
	}
	if (!o.kind)
		complain(2, "no such kind: ", *argument);
	while (*++argument) {
		const char *flag = *argument++, *value = *argument;

		if (!value)
			complain(2, "no value for ", flag);
		if (same(flag, "--count"))
			o.count = number(value, MOST_OPERATIONS, flag);
		else if (same(flag, "--workers"))
			o.workers = number(value, MOST_WORKERS, flag);
		else if (same(flag, "--dir"))
			o.directory = value;
		else if (same(flag, "--out"))
			o.out = value;
		else
			complain(2, "no such flag: ", flag);
	}
	if (!o.count || !o.workers || !o.directory)
		complain(2, "--count, --workers and --dir are needed", "");
	return o;
}

static void *shared_memory(size_t size)
{
	long at = sys(__NR_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);

	if (at < 0)
		complain(1, "no shared memory", "");
	return (void *)at;
}

static struct run *new_run(const struct options *o, const char *self)
{
	bool mixed = !o->kind->work;
	uint32_t workers = o->workers * (mixed ? sizeof(mixture) / sizeof(*mixture) : 1);
	struct run *run = shared_memory(sizeof(*run) + (workers + 1) * sizeof(struct worker));

	run->self = self;
	run->directory = o->directory;
	run->pid = sys(__NR_getpid);
	run->workers = workers;
	if (o->kind->work == grow_trees)
		run->records = shared_memory(o->count * sizeof(struct record));
	for (uint32_t i = 0; i < workers; i++) {
		struct worker *w = &run->worker[i];
		uint64_t place = i % o->workers;

		w->run = run;
		w->index = i;
		w->work = mixed ? mixture[i / o->workers] : o->kind->work;
		w->share = o->count / o->workers + (place < o->count % o->workers);
	}
	return run;
}

// --- report ---

// One write, whole or not at all, so that it can be counted as one.
static bool write_whole(long fd, const void *from, size_t size)
{
	return sys(__NR_write, fd, from, size) == (long)size;
}

// Leaves the records of a tree in the directory, and counts that as its own doing.
static void save_records(struct run *run, struct worker *own)
{
	char file[LONGEST_PATH + 16];
	size_t size = run->recorded * sizeof(struct record);
	long fd;

	append(append(file, run->directory), "/tree.records");
	fd = sys(__NR_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || !write_whole(fd, run->records, size) || sys(__NR_close, fd) < 0)
		complain(1, "cannot write ", file);
	own->overhead.opens_for_write++;
	own->overhead.writes++;
	own->overhead.bytes_written += size;
	own->overhead.closes++;
	own->overhead.closes_after_write++;
}

// Appends one more member of an object that `end` has just opened or is within.
static char *member(char *end, const char *name, uint64_t value)
{
	end = append(append(append(end, end[-1] == '{' ? "\"" : ",\""), name), "\":");
	return decimal(end, value);
}

static char *append_tally(char *end, const char *name, const struct tally *t)
{
	end = append(append(append(end, ",\""), name), "\":{");
#define MEMBER(counter) end = member(end, #counter, t->counter);
	COUNTERS(MEMBER)
#undef MEMBER
	return append(end, "}");
}

static char *append_usage(char *end, const char *name, int who)
{
	struct rusage u;

	sys(__NR_getrusage, who, &u);
	end = append(append(append(end, ",\""), name), "\":{");
	end = member(end, "user_us", u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec);
	end = member(end, "system_us", u.ru_stime.tv_sec * 1000000 + u.ru_stime.tv_usec);
	return append(end, "}");
}

// Adds the workers' tallies to the generator's own, which stands last.
static void sum_up(struct run *run)
{
	struct worker *sum = &run->worker[run->workers];

	for (struct worker *w = run->worker; w < sum; w++) {
#define SUM(counter)                                                                               \
	sum->did.counter += w->did.counter, sum->overhead.counter += w->overhead.counter;
		COUNTERS(SUM)
#undef SUM
		for (int i = 0; i < ERRNOS; i++)
			sum->failures[i] += w->failures[i];
	}
}

// Writes the report; answers how many operations failed.
static uint64_t report(struct run *run, const struct options *o, uint64_t elapsed, long fd)
{
	const struct worker *sum = &run->worker[run->workers];
	char text[16384], *end = append(append(text, "{\"kind\":\""), o->kind->name);
	uint64_t failures = 0;

	end = member(append(end, "\""), "pid", run->pid);
	end = member(end, "count", o->count);
	end = append(end, ",\"worker_pids\":[");
	for (uint32_t i = 0; i < run->workers; i++)
		end = decimal(append(end, i ? "," : ""), run->worker[i].pid);
	end = append_tally(append(end, "]"), "did", &sum->did);
	end = append_tally(end, "overhead", &sum->overhead);
	end = append(end, ",\"failures\":{");
	for (int i = 0; i < ERRNOS; i++) {
		char errno_name[21];

		decimal(errno_name, i);
		if (sum->failures[i])
			end = member(end, errno_name, sum->failures[i]);
		failures += sum->failures[i];
	}
	end = member(append(end, "}"), "elapsed_ns", elapsed);
	end = append_usage(end, "self", RUSAGE_SELF);
	end = append_usage(end, "children", RUSAGE_CHILDREN);
	end = append(end, "}\n");
	if (!write_whole(fd, text, end - text))
		complain(1, "cannot write the report", "");
	return failures;
}

// --- start ---

// The path that the kernel ran, from the auxiliary vector behind the environment.
static const char *own_path(char **environment)
{
	unsigned long *entry;

	while (*environment)
		environment++;
	for (entry = (unsigned long *)(environment + 1); entry[0] != AT_NULL; entry += 2) {
		if (entry[0] == AT_EXECFN)
			return (const char *)entry[1];
	}
	complain(1, "the kernel did not say which file it ran", "");
}

// A leaf ends with the low six bits of its number.
static void end_leaf(char **argv)
{
	unsigned int n = 0;

	if (!argv[1] || !same(argv[1], "leaf") || !argv[2])
		return;
	for (const char *c = argv[2]; *c; c++)
		n = n * 10 + (*c - '0');
	leave(n & 0x3f);
}

__attribute__((used)) _Noreturn void start(long *stack)
{
	long argc = stack[0], fd;
	char **argv = (char **)(stack + 1);
	struct itimerval limit = {.it_value.tv_sec = LONGEST_RUN_SECONDS};
	struct options o;
	struct run *run;
	uint64_t elapsed;

	end_leaf(argv);
	o = parse(argv + (argc > 0));
	fd = sys(__NR_openat, AT_FDCWD, o.directory, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		complain(2, "not a directory: ", o.directory);
	sys(__NR_close, fd);
	fd = o.out ? sys(__NR_openat, AT_FDCWD, o.out, O_WRONLY | O_CREAT | O_TRUNC, 0644) : STDOUT;
	if (fd < 0)
		complain(1, "cannot write ", o.out);
	sys(__NR_setitimer, ITIMER_REAL, &limit, NULL);
	run = new_run(&o, own_path(argv + argc + 1));
	elapsed = run_workers(run);
	if (!elapsed)
		complain(1, "cannot fork the workers", "");
	sum_up(run);
	if (run->records)
		save_records(run, &run->worker[run->workers]);
	if (report(run, &o, elapsed, fd))
		complain(1, "some operations failed: see \"failures\" by errno in the report", "");
	leave(0);
}

#if defined(__x86_64__)
asm(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall start\n");
#elif defined(__aarch64__)
asm(".globl _start\n_start: mov x0, sp\nbl start\n");
#endif
