package platform

import (
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/iocp"
)

var native = []nativeBackend{
	{name: "iocp", open: openIOCP},
	{name: "portable", open: openPortable},
}

func openIOCP(host backend.Host) (backend.Backend, error) {
	b, err := iocp.New(host)
	if err != nil {
		return nil, err
	}
	return b, nil
}
