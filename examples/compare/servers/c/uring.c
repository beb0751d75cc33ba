// An echo server on io_uring: multishot accepts, and multishot receives into a ring of buffers
// that all connections share. What was received is sent from the same buffer, and the buffer
// goes back to the ring. A connection sends one buffer at a time, because the kernel may carry
// out several sends in another order.

#define _GNU_SOURCE
#include <errno.h>
#include <liburing.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server.h"

enum {
	ENTRIES = 4096,
	COMPLETIONS = 4 * ENTRIES,
	BUFFERS = 512, // at most; a power of two. They are used in turn, and more would leave the cache
	BUFFER_BYTES = 16 << 20, // of all buffers, at most
};

// A buffer that was received and is not yet sent.
struct received {
	int length;
	int next; // of the same connection, -1: none
};

struct connection {
	int first, last; // buffers to send, -1: none. The first one is being sent
	int receiving; // a receive is armed
	int ended; // the client has left, or a send has failed
	int starved, next_starved; // no buffer was left; -1: the last one
};

struct loop {
	struct io_uring ring;
	struct io_uring_buf_ring *buffers;
	char *memory;
	int count; // of buffers
	struct received *received;
	struct connection *connections; // by descriptor
	int listener;
	int starved; // the first connection that waits for a buffer, -1: none
};

static struct options options;

enum operation { ACCEPT, RECEIVE, SEND };

static uint64_t tag(enum operation operation, int fd) { return (uint64_t)operation << 32 | (uint32_t)fd; }

static struct io_uring_sqe *submission(struct loop *l)
{
	struct io_uring_sqe *s = io_uring_get_sqe(&l->ring);
	if (!s) {
		io_uring_submit(&l->ring);
		s = io_uring_get_sqe(&l->ring);
	}
	return s;
}

static char *at(struct loop *l, int buffer) { return l->memory + (size_t)buffer * options.buffer; }

static void arm_accept(struct loop *l)
{
	struct io_uring_sqe *s = submission(l);
	io_uring_prep_multishot_accept(s, l->listener, NULL, NULL, SOCK_CLOEXEC);
	s->user_data = tag(ACCEPT, l->listener);
}

static void arm_receive(struct loop *l, int fd)
{
	struct io_uring_sqe *s = submission(l);
	io_uring_prep_recv_multishot(s, fd, NULL, 0, 0);
	s->flags |= IOSQE_BUFFER_SELECT;
	s->buf_group = 0;
	s->user_data = tag(RECEIVE, fd);
	l->connections[fd].receiving = 1;
}

static void give_back(struct loop *l, int buffer)
{
	io_uring_buf_ring_add(l->buffers, at(l, buffer), options.buffer, buffer, io_uring_buf_ring_mask(l->count), 0);
	io_uring_buf_ring_advance(l->buffers, 1);
	int fd = l->starved;
	if (fd >= 0) {
		struct connection *c = &l->connections[fd];
		l->starved = c->next_starved;
		c->starved = 0;
		arm_receive(l, fd);
	}
}

static void send_first(struct loop *l, int fd)
{
	int buffer = l->connections[fd].first;
	struct io_uring_sqe *s = submission(l);
	io_uring_prep_send(s, fd, at(l, buffer), l->received[buffer].length, MSG_NOSIGNAL | MSG_WAITALL);
	s->user_data = tag(SEND, fd);
}

// Closes a connection that has ended once nothing is outstanding on it.
static void close_idle(struct loop *l, int fd)
{
	struct connection *c = &l->connections[fd];
	if (c->ended && c->first < 0 && !c->receiving && !c->starved)
		close(fd);
}

static void accepted(struct loop *l, struct io_uring_cqe *e)
{
	if (e->res >= 0) {
		no_delay(e->res);
		l->connections[e->res] = (struct connection){.first = -1, .last = -1};
		arm_receive(l, e->res);
	}
	if (!(e->flags & IORING_CQE_F_MORE))
		arm_accept(l);
}

static void append(struct loop *l, int fd, int buffer, int length)
{
	struct connection *c = &l->connections[fd];
	l->received[buffer] = (struct received){.length = length, .next = -1};
	if (c->first < 0) {
		c->first = c->last = buffer;
		send_first(l, fd);
	} else {
		l->received[c->last].next = buffer;
		c->last = buffer;
	}
}

static void received(struct loop *l, int fd, struct io_uring_cqe *e)
{
	struct connection *c = &l->connections[fd];
	int buffer = e->flags >> IORING_CQE_BUFFER_SHIFT;
	c->receiving = (e->flags & IORING_CQE_F_MORE) != 0;
	if (e->res > 0 && !c->ended)
		append(l, fd, buffer, e->res);
	else if (e->flags & IORING_CQE_F_BUFFER)
		give_back(l, buffer);
	if (e->res == 0 || (e->res < 0 && e->res != -ENOBUFS))
		c->ended = 1;
	if (c->ended) {
		close_idle(l, fd);
	} else if (e->res == -ENOBUFS) {
		c->starved = 1;
		c->next_starved = l->starved;
		l->starved = fd;
	} else if (!c->receiving) {
		arm_receive(l, fd);
	}
}

static void sent(struct loop *l, int fd, struct io_uring_cqe *e)
{
	struct connection *c = &l->connections[fd];
	int buffer = c->first;
	int failed = e->res < l->received[buffer].length;
	if (failed && !c->ended) {
		c->ended = 1;
		shutdown(fd, SHUT_RDWR); // ends the receive
	}
	do {
		c->first = l->received[buffer].next;
		give_back(l, buffer);
		buffer = c->first;
	} while (failed && buffer >= 0);
	if (c->first >= 0)
		send_first(l, fd);
	else
		close_idle(l, fd);
}

static void handle(struct loop *l, struct io_uring_cqe *e)
{
	int fd = (uint32_t)e->user_data;
	switch (e->user_data >> 32) {
	case ACCEPT:
		accepted(l, e);
		break;
	case RECEIVE:
		received(l, fd, e);
		break;
	case SEND:
		sent(l, fd, e);
		break;
	}
}

static void open_ring(struct loop *l)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_CQSIZE | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER,
		.cq_entries = COMPLETIONS,
	};
	if ((errno = -io_uring_queue_init_params(ENTRIES, &l->ring, &p)))
		fail("io_uring_queue_init");
	l->count = BUFFERS;
	while (l->count > 1 && l->count * options.buffer > BUFFER_BYTES)
		l->count /= 2;
	l->memory = malloc(l->count * options.buffer);
	l->received = calloc(l->count, sizeof *l->received);
	size_t page = sysconf(_SC_PAGESIZE);
	if (!l->memory || !l->received || posix_memalign((void **)&l->buffers, page, l->count * sizeof(struct io_uring_buf)))
		fail("malloc");
	struct io_uring_buf_reg registered = {.ring_addr = (uintptr_t)l->buffers, .ring_entries = l->count};
	if ((errno = -io_uring_register_buf_ring(&l->ring, &registered, 0)))
		fail("io_uring_register_buf_ring");
	io_uring_buf_ring_init(l->buffers);
	for (int i = 0; i < l->count; i++)
		io_uring_buf_ring_add(l->buffers, at(l, i), options.buffer, i, io_uring_buf_ring_mask(l->count), i);
	io_uring_buf_ring_advance(l->buffers, l->count);
}

static void *loop(void *argument)
{
	struct loop l = {.listener = *(int *)argument, .starved = -1};
	l.connections = calloc(raise_descriptors(), sizeof *l.connections);
	if (!l.connections)
		fail("calloc");
	open_ring(&l);
	arm_accept(&l);
	for (;;) {
		struct io_uring_cqe *e;
		unsigned head, n = 0;
		io_uring_submit_and_wait(&l.ring, 1);
		io_uring_for_each_cqe(&l.ring, head, e) {
			handle(&l, e);
			n++;
		}
		io_uring_cq_advance(&l.ring, n);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	options = parse(argc, argv);
	run(options, loop, 0);
}
