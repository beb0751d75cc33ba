package platform

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

func TestPauseAfter(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		err  error
		want []time.Duration // after failures in a row
	}{
		{syscall.EMFILE, []time.Duration{5 * ms, 10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, time.Second, time.Second}},
		{os.NewSyscallError("accept4", syscall.ECONNABORTED), []time.Duration{0, 10 * ms, 20 * ms}},
		{os.NewSyscallError("acceptex", syscall.ECONNRESET), []time.Duration{0, 10 * ms, 20 * ms}},
		{syscall.EPROTO, []time.Duration{0, 10 * ms}},
	} {
		var got []time.Duration
		for i := range c.want {
			got = append(got, pauseAfter(i, c.err))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: pauses of %v, want %v", c.err, got, c.want)
		}
	}
	if got := pauseAfter(math.MaxInt, syscall.EMFILE); got != maxPause {
		t.Errorf("at last it pauses for %v, want %v", got, maxPause)
	}
}

func TestEndsAccepting(t *testing.T) {
	for want, errs := range map[bool][]error{
		true:  {net.ErrClosed, ops.ErrCanceled, os.ErrDeadlineExceeded, ErrInUse, syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK},
		false: {syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EPERM, errors.New("unknown")},
	} {
		for _, err := range errs {
			if got := endsAccepting(fmt.Errorf("accept: %w", err)); got != want {
				t.Errorf("%v ends accepting: %v, want %v", err, got, want)
			}
		}
	}
}
