package platform

import (
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/epoll"
	"github.com/heirloom-go/heirloom/platform/internal/portable"
	"github.com/heirloom-go/heirloom/platform/internal/readiness"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

var native = []nativeBackend{
	{name: "io_uring", open: openURing, refused: uring.Refused},
	{name: "epoll", open: openEpoll},
	{name: "portable", open: openPortable},
}

func openURing(host backend.Host) (backend.Backend, error) {
	b, err := uring.New(host)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func openEpoll(host backend.Host) (backend.Backend, error) {
	b, err := epoll.New(host, func(wake func()) readiness.Files { return portable.New(host, wake) })
	if err != nil {
		return nil, err
	}
	return b, nil
}
