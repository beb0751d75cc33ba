package platform

import (
	"errors"
	"flag"
	"slices"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/kqueue/fakekqueue"
	"github.com/heirloom-go/heirloom/platform/internal/portable"
	"github.com/heirloom-go/heirloom/platform/internal/readiness"
	"github.com/heirloom-go/heirloom/platform/internal/uring/fakering"
)

// Tests have more backends here: that of macOS and the BSDs, over a fake, and the one for
// io_uring, over another, which takes longer, and is only for the tests that ask for it.
func init() {
	native = slices.Insert(native, len(native)-1, nativeBackend{name: fakekqueue.Name, open: openFakeKqueue})
	native = append(native, nativeBackend{name: fakering.Name, open: openFakeRing, refused: func() error { return errOnlyByName }})
}

var errOnlyByName = errors.New("only for tests that ask for it")

// fakeRings counts them: each draws by another seed.
var fakeRings atomic.Uint64

func openFakeKqueue(host backend.Host) (backend.Backend, error) {
	return fakekqueue.Open(1, host, func(wake func()) readiness.Files { return portable.New(host, wake) })
}

var firstSeed = flag.Uint64("fakerings.seed", 1, "by which seed the first fake ring draws; each further one has the next")

// NextSeed returns the seed of the fake ring that is made next.
func NextSeed() uint64 { return *firstSeed + fakeRings.Load() }

// openFakeRing opens one that draws otherwise than those before.
func openFakeRing(host backend.Host) (backend.Backend, error) {
	return fakering.Open(*firstSeed+fakeRings.Add(1)-1, host)
}
