package platform_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A kernel has no place in a bubble, whose clock would stand still while a proactor waits
// for it. A timer would never come.
func TestBubbleRefusesKernel(t *testing.T) {
	refused := func(t *testing.T, err error) {
		t.Helper()
		if !errors.Is(err, platform.ErrBubble) || !strings.Contains(err.Error(), "platform/sim") {
			t.Errorf("%v, want ErrBubble, which says what to do", err)
		}
	}
	each(t, func(t *testing.T, w *world) {
		called := 0
		w.NewTimer().Wait(time.Nanosecond, ops.HandlerFunc(func(int, error) { called++ }))
		synctest.Test(t, func(t *testing.T) {
			p, err := platform.New(platform.WithBackend(w.backend))
			if refused(t, err); p != nil {
				t.Error("there is a proactor in spite of the error")
			}
			_, err = platform.NewGroup(2, platform.WithBackend(w.backend))
			refused(t, err)
			refused(t, w.Run(t.Context()))
		})
		if called != 0 {
			t.Error("a handler was called by a Run that was refused")
		}
		w.run()
		if called != 1 {
			t.Errorf("later Run calls the handler %d times", called)
		}
	})
}

func TestBubbleRefusesDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, err := platform.New(); !errors.Is(err, platform.ErrBubble) {
			t.Errorf("New: %v, want ErrBubble", err)
		}
	})
}
