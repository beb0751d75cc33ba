package platform

import (
	"slices"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/kqueue/fakekqueue"
	"github.com/heirloom-go/heirloom/platform/internal/portable"
	"github.com/heirloom-go/heirloom/platform/internal/readiness"
)

// Tests have one more backend here: that of macOS and the BSDs, over a fake.
func init() {
	native = slices.Insert(native, len(native)-1, nativeBackend{name: fakekqueue.Name, open: openFakeKqueue})
}

func openFakeKqueue(host backend.Host) (backend.Backend, error) {
	return fakekqueue.Open(1, host, func(wake func()) readiness.Files { return portable.New(host, wake) })
}
