package chains

import (
	"math"
	"strconv"
	"testing"

	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// TestFirstSeed says that every seed that can be given is the first one, also where an int
// has 32 bits.
func TestFirstSeed(t *testing.T) {
	for _, want := range []uint64{1, 1_700_000_000_000_000, math.MaxUint64} {
		testflag.Set(t, "rapid.seed", strconv.FormatUint(want, 10))
		if got := firstSeed(); got != want {
			t.Errorf("the first seed is %d, want %d", got, want)
		}
	}
}
