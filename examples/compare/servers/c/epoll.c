// An echo server on epoll: what is read is written at once, from a buffer that all connections
// share. What the kernel does not take then is kept until it does.

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "server.h"

enum { EVENTS = 512 };

// What is left to be written to a connection. There is one for each descriptor.
struct rest {
	char *bytes; // NULL: nothing
	size_t at, length;
};

static struct rest *rests;
static struct options options;

static void watch(int epoll, int operation, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};
	if (epoll_ctl(epoll, operation, fd, &e) < 0)
		fail("epoll_ctl");
}

static void end(int fd)
{
	free(rests[fd].bytes);
	rests[fd].bytes = NULL;
	close(fd);
}

static void accept_all(int epoll, int listener)
{
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		no_delay(fd);
		watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN);
	}
}

// Keeps what was not written, and reads no more until it is.
static void keep(int epoll, int fd, const char *bytes, size_t length)
{
	struct rest *r = &rests[fd];
	r->bytes = malloc(length);
	if (!r->bytes)
		fail("malloc");
	memcpy(r->bytes, bytes, length);
	r->at = 0;
	r->length = length;
	watch(epoll, EPOLL_CTL_MOD, fd, EPOLLOUT);
}

static void write_rest(int epoll, int fd)
{
	struct rest *r = &rests[fd];
	ssize_t n = send(fd, r->bytes + r->at, r->length - r->at, MSG_NOSIGNAL);
	if (n < 0) {
		if (errno != EAGAIN)
			end(fd);
		return;
	}
	r->at += n;
	if (r->at == r->length) {
		free(r->bytes);
		r->bytes = NULL;
		watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN);
	}
}

static void echo(int epoll, int fd, char *buffer)
{
	ssize_t n = recv(fd, buffer, options.buffer, 0);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			end(fd);
		return;
	}
	ssize_t written = send(fd, buffer, n, MSG_NOSIGNAL);
	if (written < 0) {
		if (errno != EAGAIN) {
			end(fd);
			return;
		}
		written = 0;
	}
	if (written < n)
		keep(epoll, fd, buffer + written, n - written);
}

static void *loop(void *argument)
{
	int listener = *(int *)argument;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	char *buffer = malloc(options.buffer);
	if (epoll < 0 || !buffer)
		fail("epoll_create1");
	watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN);
	struct epoll_event events[EVENTS];
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listener)
				accept_all(epoll, listener);
			else if (rests[fd].bytes)
				write_rest(epoll, fd);
			else
				echo(epoll, fd, buffer);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	options = parse(argc, argv);
	rests = calloc(raise_descriptors(), sizeof *rests);
	if (!rests)
		fail("calloc");
	run(options, loop, SOCK_NONBLOCK);
}
