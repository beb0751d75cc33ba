//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package platform

import (
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/kqueue"
	"github.com/heirloom-go/heirloom/platform/internal/portable"
	"github.com/heirloom-go/heirloom/platform/internal/readiness"
)

var native = []nativeBackend{
	{name: "kqueue", open: openKqueue},
	{name: "portable", open: openPortable},
}

func openKqueue(host backend.Host) (backend.Backend, error) {
	b, err := kqueue.New(host, func(wake func()) readiness.Files { return portable.New(host, wake) })
	if err != nil {
		return nil, err
	}
	return b, nil
}
