// What the servers in C have in common: flags, listeners, and a thread a loop.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct options {
	struct sockaddr_in listen;
	int loops;
	size_t buffer;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void usage(const char *why)
{
	fprintf(stderr, "%s\nusage: -listen 127.0.0.1:0 -loops 1 -buffer 4096\n", why);
	exit(2);
}

static struct sockaddr_in address(char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	char *port = strrchr(text, ':');
	if (!port)
		usage("an address without a port");
	*port++ = 0;
	a.sin_port = htons(atoi(port));
	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		usage("not an IPv4 address");
	return a;
}

static struct options parse(int argc, char **argv)
{
	struct options o = {
		.listen = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
		.loops = 1,
		.buffer = 4096,
	};
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			usage("a flag without a value");
		if (!strcmp(argv[i], "-listen"))
			o.listen = address(argv[i + 1]);
		else if (!strcmp(argv[i], "-loops"))
			o.loops = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "-buffer"))
			o.buffer = atol(argv[i + 1]);
		else
			usage(argv[i]);
	}
	if (o.loops < 1 || o.buffer < 1)
		usage("a number below 1");
	return o;
}

// Lets the process have as many descriptors as it may, and returns how many that are.
static size_t raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		fail("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fail("setrlimit");
	return limit.rlim_max < 1 << 20 ? limit.rlim_max : 1 << 20;
}

static void no_delay(int fd)
{
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

// Opens a listener. The kernel deals connections out to all that share the port.
static int listener(struct sockaddr_in *a, int type)
{
	int one = 1;
	socklen_t size = sizeof *a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type, 0);
	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)a, size) < 0 || listen(fd, 4096) < 0)
		fail("listen");
	if (getsockname(fd, (struct sockaddr *)a, &size) < 0) // the port that was chosen
		fail("getsockname");
	return fd;
}

// Runs the loops, each with a listener of its own, on this thread and others.
static void run(struct options o, void *(*loop)(void *), int type)
{
	int *listeners = calloc(o.loops, sizeof *listeners);
	char text[INET_ADDRSTRLEN];
	pthread_t thread;
	if (!listeners)
		fail("calloc");
	for (int i = 0; i < o.loops; i++)
		listeners[i] = listener(&o.listen, type);
	printf("listening %s:%d\n", inet_ntop(AF_INET, &o.listen.sin_addr, text, sizeof text), ntohs(o.listen.sin_port));
	fflush(stdout);
	for (int i = 1; i < o.loops; i++)
		if (pthread_create(&thread, NULL, loop, &listeners[i]))
			fail("pthread_create");
	loop(&listeners[0]);
}
