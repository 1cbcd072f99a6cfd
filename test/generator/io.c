//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Files and sockets: each kind does its worker's share, and counts what the kernel said it did.
#include "generator.h"

#include <asm/socket.h>
#include <linux/in.h>

// --- files ---

enum { FILES_PER_WORKER = 64 };

// The path of one of the worker's own files, where only the last digits ever change.
struct path {
	char text[LONGEST_PATH + 64];
	char *number;
};

static void start_path(struct path *p, struct worker *w)
{
	char *end = append(append(p->text, w->run->directory), "/generator-");

	end = append(decimal(end, w->run->pid), "-");
	p->number = append(decimal(end, w->index), "-");
}

static const char *path(struct path *p, uint64_t number)
{
	decimal(p->number, number);
	return p->text;
}

// Opens for writing, writes size bytes (for none there is no write call either), and closes.
static void put(struct worker *w, struct tally *tally, const char *file, int flags, size_t size)
{
	static const char text[100] = "one hundred bytes of an honest witness";
	long written = 0, fd = sys(__NR_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | flags, 0600);

	if (failed(w, fd))
		return;
	add(&tally->opens_for_write, 1);
	if (flags & O_EXCL)
		add(&tally->creates, 1);
	if (size) {
		written = sys(__NR_write, fd, text, size);
		if (!failed(w, written)) {
			add(&tally->writes, 1);
			add(&tally->bytes_written, written);
			if (written != size)
				fail(w, EIO);
		}
	}
	if (failed(w, sys(__NR_close, fd)))
		return;
	add(&tally->closes, 1);
	if (written > 0)
		add(&tally->closes_after_write, 1);
}

static void unlink_one(struct worker *w, struct tally *tally, const char *file)
{
	if (!failed(w, sys(__NR_unlinkat, AT_FDCWD, file, 0)))
		add(&tally->unlinks, 1);
}

// Puts the share into `files` files in turn, sizes least .. least+spread-1 in turn. The first round
// is exclusive, and so known to create; nobody deletes in between, so the later ones do not.
static void put_files(struct worker *w, uint64_t files, size_t least, size_t spread)
{
	struct path p;

	start_path(&p, w);
	for (uint64_t i = 0; i < w->share; i++)
		put(w, &w->did, path(&p, i % files), i < files ? O_EXCL : 0, least + i % spread);
	w->done_ns = now_ns();
	for (uint64_t i = 0; i < files && i < w->share; i++)
		unlink_one(w, &w->overhead, path(&p, i));
}

void open_files(struct worker *w)
{
	put_files(w, FILES_PER_WORKER, 0, 1);
}

void write_files(struct worker *w)
{
	put_files(w, FILES_PER_WORKER, 1, 100);
}

void write_same_file(struct worker *w)
{
	put_files(w, 1, 12, 1);
}

void rename_file(struct worker *w)
{
	struct path paths[2];
	const char *names[2];
	int at;

	for (at = 1; at >= 0; at--) {
		start_path(&paths[at], w);
		names[at] = path(&paths[at], at);
	}
	at = 0;
	put(w, &w->overhead, names[at], O_EXCL, 0);
	for (uint64_t i = 0; i < w->share; i++) {
		if (failed(w, sys(__NR_renameat2, AT_FDCWD, names[at], AT_FDCWD, names[!at], 0)))
			continue;
		add(&w->did.renames, 1);
		at = !at;
	}
	w->done_ns = now_ns();
	unlink_one(w, &w->overhead, names[at]);
}

void unlink_files(struct worker *w)
{
	struct path p;

	start_path(&p, w);
	for (uint64_t i = 0; i < w->share; i++) {
		put(w, &w->did, path(&p, i % FILES_PER_WORKER), O_EXCL, 0);
		unlink_one(w, &w->did, p.text);
	}
}

void make_directories(struct worker *w)
{
	struct path p;

	start_path(&p, w);
	for (uint64_t i = 0; i < w->share; i++) {
		if (failed(w, sys(__NR_mkdirat, AT_FDCWD, path(&p, i % FILES_PER_WORKER), 0700)))
			continue;
		add(&w->did.mkdirs, 1);
		if (!failed(w, sys(__NR_unlinkat, AT_FDCWD, p.text, AT_REMOVEDIR)))
			add(&w->did.rmdirs, 1);
	}
}

// --- sockets ---

enum { AF_INET = 2, SOCK_STREAM = 1, SOCK_DGRAM = 2, SHUT_RDWR = 2, MSG_NOSIGNAL = 0x4000 };
enum { BACKLOG = 128, LONGEST_MESSAGE = 50, PATIENCE_NS = 1000000000 };

// A socket on a free port of 127.0.0.1.
static long bound_socket(struct worker *w, int type, struct sockaddr_in *address)
{
	int size = sizeof(*address);
	long fd = sys(__NR_socket, AF_INET, type, 0);

	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = __builtin_bswap32(INADDR_LOOPBACK),
	};
	if (failed(w, fd) || failed(w, sys(__NR_bind, fd, address, size)) ||
	    failed(w, sys(__NR_getsockname, fd, address, &size)))
		return -1;
	return fd;
}

// Accepts, sends back what comes, and closes when the client has closed, until the worker shuts the
// listener down. Any other error shuts it too, so that no client waits for an answer in vain.
static void accept_all(struct worker *w, long listener)
{
	char buffer[LONGEST_MESSAGE];
	long fd, size;

	while ((fd = sys(__NR_accept4, listener, NULL, NULL, 0)) >= 0) {
		while ((size = sys(__NR_read, fd, buffer, sizeof(buffer))) > 0) {
			long sent = sys(__NR_sendto, fd, buffer, size, MSG_NOSIGNAL, NULL, 0);

			if (!failed(w, sent))
				add(&w->did.bytes_server_to_client, sent);
		}
		failed(w, size);
		failed(w, sys(__NR_close, fd));
		add(&w->did.accepts, 1); // last, so that the worker's count of it means all done
	}
	if (fd != -EINVAL)
		fail(w, -fd);
	sys(__NR_shutdown, listener, SHUT_RDWR);
}

static void connect_once(struct worker *w, const struct sockaddr_in *server, long size)
{
	char buffer[LONGEST_MESSAGE] = "";
	long got, back = 0, fd = sys(__NR_socket, AF_INET, SOCK_STREAM, 0);

	if (failed(w, fd))
		return;
	if (!failed(w, sys(__NR_connect, fd, server, sizeof(*server)))) {
		add(&w->did.connects, 1);
		if (size) {
			got = sys(__NR_sendto, fd, buffer, size, MSG_NOSIGNAL, NULL, 0);
			if (!failed(w, got))
				add(&w->did.bytes_client_to_server, got);
		}
		while (back < size && (got = sys(__NR_read, fd, buffer, size - back)) > 0)
			back += got;
		if (back < size)
			fail(w, EIO);
	}
	failed(w, sys(__NR_close, fd));
}

// The client closes in the ordinary way, the server (which is second) with linger 0, so with a
// reset: every byte is acknowledged before it, and no TIME_WAIT holds a port after it.
void connect_sockets(struct worker *w)
{
	static const int linger[2] = {1, 0};
	struct sockaddr_in server;
	long acceptor, listener = bound_socket(w, SOCK_STREAM, &server);
	int status;

	if (listener < 0)
		return;
	failed(w, sys(__NR_setsockopt, listener, SOL_SOCKET, SO_LINGER, linger, sizeof(linger)));
	if (failed(w, sys(__NR_listen, listener, BACKLOG)))
		return;
	add(&w->overhead.listens, 1);
	acceptor = fork_process();
	if (acceptor == 0) {
		die_with(w->pid);
		accept_all(w, listener);
		leave(0);
	}
	if (failed(w, acceptor))
		return;
	add(&w->overhead.forks, 1);
	for (uint64_t i = 0; i < w->share; i++)
		connect_once(w, &server, i % LONGEST_MESSAGE);
	w->done_ns = now_ns();
	while (__atomic_load_n(&w->did.accepts, __ATOMIC_RELAXED) < w->did.connects &&
	       now_ns() - w->done_ns < PATIENCE_NS)
		sys(__NR_sched_yield);
	if (w->did.accepts != w->did.connects)
		fail(w, ETIMEDOUT);
	sys(__NR_shutdown, listener, SHUT_RDWR);
	reap(w, &w->overhead, acceptor, &status);
}

void send_datagrams(struct worker *w)
{
	static const long patience[2] = {PATIENCE_NS / 1000000000, 0};
	char buffer[LONGEST_MESSAGE] = "";
	struct sockaddr_in server;
	long receiver = bound_socket(w, SOCK_DGRAM, &server);

	if (receiver < 0)
		return;
	failed(w, sys(__NR_setsockopt, receiver, SOL_SOCKET, SO_RCVTIMEO_OLD, patience,
		      sizeof(patience)));
	for (uint64_t i = 0; i < w->share; i++) {
		long sent, fd = sys(__NR_socket, AF_INET, SOCK_DGRAM, 0);
		long size = i % LONGEST_MESSAGE + 1;

		if (failed(w, fd))
			continue;
		sent = sys(__NR_sendto, fd, buffer, size, 0, &server, sizeof(server));
		if (!failed(w, sent)) {
			add(&w->did.datagrams_sent, 1);
			add(&w->did.datagram_bytes, sent);
			if (!failed(w, sys(__NR_read, receiver, buffer, sizeof(buffer))))
				add(&w->did.datagrams_received, 1);
		}
		failed(w, sys(__NR_close, fd));
	}
}

// --- nothing at all ---

// Counts by itself: an atomic addition would be a tenth of so cheap a call.
void call_getppid(struct worker *w)
{
	uint64_t calls = 0;

	for (uint64_t i = 0; i < w->share; i++)
		calls += sys(__NR_getppid) > 0;
	add(&w->did.getppids, calls);
}
