package platform

import "testing"

// SmallRing makes the rings that the test opens so small that their queues
// overflow and that there is hardly ever a buffer.
func SmallRing(t *testing.T, packed bool) {
	before := sizes
	t.Cleanup(func() { sizes = before })
	sizes = ringSizes{requests: 2, completions: 4, single: bufferSizes{2, 16}}
	if packed {
		sizes.packed = bufferSizes{2, 64}
	}
}
