package platform

import (
	"errors"
	"fmt"

	"github.com/heirloom-go/heirloom/platform/internal/bubble"
)

// ErrBubble is returned by [New] in a bubble of package testing/synctest, unless it is
// given a backend. [Proactor.Run] also returns it in a bubble if the proactor was made
// outside, and outside if the proactor was made in a bubble. Time in a bubble stands
// still while one of its goroutines waits for the system's kernel, so a timer would never
// end. Package platform/sim has a platform for a bubble.
var ErrBubble = errors.New("platform: a goroutine that waits for the system's kernel stops the clock of its testing/synctest bubble: " +
	"open a proactor on a world of package platform/sim, inside the bubble")

// checkBubble returns an error if p is run in a bubble and was opened outside, or the other
// way around. It cannot tell one bubble from another; the Go runtime can.
func (p *Proactor) checkBubble() error {
	switch inside := bubble.Inside(); {
	case inside == p.bubbled:
		return nil
	case inside:
		return ErrBubble
	}
	return fmt.Errorf("platform: Run outside the bubble that the proactor was opened in: %w", ErrBubble)
}
