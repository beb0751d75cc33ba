// An HTTP/1.1 server on epoll that does as little as can be: it looks for the blank line that
// ends a request, and answers with the same text. All answers to what one read has brought go
// out in one write. It does not look at what is asked for, and drops a client that does not
// take its answers, so it is a bound and no server to use.

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

enum { EVENTS = 512, ANSWER = 256, SHORTEST = 16 };

struct connection {
	int fd;
	size_t have; // bytes of a request that has arrived in part
	char in[];
};

struct loop {
	int listener, epoll;
	time_t dated; // when the answer was last written
	int length;
	char answer[ANSWER];
	char *out;
};

static struct options options;

// The date in the answer is that of the second.
static void date_answer(struct loop *l)
{
	time_t now = time(NULL);
	if (now == l->dated)
		return;
	l->dated = now;
	char date[64];
	struct tm tm;
	gmtime_r(&now, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	l->length = snprintf(l->answer, ANSWER,
			     "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: text/plain\r\n"
			     "Content-Length: 13\r\n\r\nHello, World!", date);
}

static void watch(struct loop *l, int fd, struct connection *c)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		fail("epoll_ctl");
}

static void accept_all(struct loop *l)
{
	int fd;
	while ((fd = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *c = malloc(sizeof *c + options.buffer);
		if (!c)
			fail("malloc");
		c->fd = fd;
		c->have = 0;
		no_delay(fd);
		watch(l, fd, c);
	}
}

// Answers all requests that have arrived, and returns whether the connection goes on.
static int answer_all(struct loop *l, struct connection *c)
{
	size_t out = 0;
	char *request = c->in, *end = c->in + c->have, *blank;
	while ((blank = memmem(request, end - request, "\r\n\r\n", 4))) {
		if (blank + 4 - request < SHORTEST || memcmp(request, "GET ", 4))
			return 0;
		memcpy(l->out + out, l->answer, l->length);
		out += l->length;
		request = blank + 4;
	}
	c->have = end - request;
	if (c->have == options.buffer)
		return 0;
	memmove(c->in, request, c->have);
	return !out || send(c->fd, l->out, out, MSG_NOSIGNAL) == (ssize_t)out;
}

static void serve(struct loop *l, struct connection *c)
{
	ssize_t n = recv(c->fd, c->in + c->have, options.buffer - c->have, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0) {
		c->have += n;
		if (answer_all(l, c))
			return;
	}
	close(c->fd);
	free(c);
}

static void *loop(void *argument)
{
	struct loop l = {.listener = *(int *)argument, .epoll = epoll_create1(EPOLL_CLOEXEC)};
	l.out = malloc((options.buffer / SHORTEST + 1) * ANSWER);
	if (l.epoll < 0 || !l.out)
		fail("epoll_create1");
	watch(&l, l.listener, NULL);
	struct epoll_event events[EVENTS];
	for (;;) {
		int n = epoll_wait(l.epoll, events, EVENTS, -1);
		date_answer(&l);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				serve(&l, events[i].data.ptr);
			else
				accept_all(&l);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	options = parse(argc, argv);
	raise_descriptors();
	run(options, loop, SOCK_NONBLOCK);
}
