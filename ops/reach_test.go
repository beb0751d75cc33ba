//go:build reach

package ops_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/ops/reach"
)

// TestReach checks that tests here reach what TestReach of package platform cannot be held
// to.
func TestReach(t *testing.T) {
	before := reach.Counts()[reach.SlotOfAnother]
	TestCancelSlotOfAnother(t)
	if reach.Counts()[reach.SlotOfAnother] == before {
		t.Errorf("never: %v", reach.SlotOfAnother)
	}
}
