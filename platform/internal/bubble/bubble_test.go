package bubble_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/heirloom-go/heirloom/platform/internal/bubble"
)

func TestInside(t *testing.T) {
	if bubble.Inside() {
		t.Error("a test is taken for a bubble")
	}
	synctest.Test(t, func(t *testing.T) {
		if !bubble.Inside() {
			t.Error("a bubble is not noticed")
		}
		time.Sleep(100 * 365 * 24 * time.Hour)
		inside := make(chan bool)
		go func() { inside <- bubble.Inside() }()
		if !<-inside {
			t.Error("a bubble is not noticed a century later, on another goroutine")
		}
	})
	if bubble.Inside() {
		t.Error("a test is taken for a bubble that is over")
	}
}
