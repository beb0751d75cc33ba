package platform

import "sync"

var native = []nativeBackend{
	{name: "io_uring", open: newURing, refused: sync.OnceValue(ringRefused)},
	{name: "epoll", open: newEpoll},
	{name: "portable", open: openPortable},
}

// ringRefused returns why the kernel does not let this process use io_uring.
func ringRefused() error {
	b, err := newURing(nil)
	if err == nil {
		b.Shutdown()
	}
	return err
}
