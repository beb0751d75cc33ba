package platform

var native = []nativeBackend{
	{"epoll", newEpoll},
	{"portable", newPortable},
}
