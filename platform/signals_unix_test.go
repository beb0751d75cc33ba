//go:build unix

package platform_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// kill sends the process a signal, which somebody must wait for.
func kill(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(syscall.Getpid(), sig); err != nil {
		t.Fatal(err)
	}
}

// keepAlive keeps the signals of these tests from ending the process.
func keepAlive(t *testing.T) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGUSR2)
	t.Cleanup(func() { signal.Stop(c) })
}

func (w *world) signals(signals ...os.Signal) *platform.Signals {
	w.t.Helper()
	s, err := w.NewSignals(signals...)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// TestSignals has signals arrive before and after there is a wait for them.
func TestSignals(t *testing.T) {
	keepAlive(t)
	each(t, func(t *testing.T, w *world) {
		s := w.signals(syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGUSR1)
		var waited, first, second result
		s.Wait(&waited)
		waited.later(t)
		kill(t, syscall.SIGUSR1)
		w.await(&waited)
		waited.want(t, int(syscall.SIGUSR1), nil)

		kill(t, syscall.SIGUSR2)
		kill(t, syscall.SIGUSR1)
		s.Wait(&first)
		s.Wait(&second)
		w.await(&first, &second)
		if first.err != nil || second.err != nil || first.n+second.n != int(syscall.SIGUSR1+syscall.SIGUSR2) {
			t.Errorf("the signals are %d, %v and %d, %v", first.n, first.err, second.n, second.err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestSignalsShared has two proactors and package signal get the same signal.
func TestSignalsShared(t *testing.T) {
	keepAlive(t)
	each(t, func(t *testing.T, w *world) {
		other := w.mode.open(t)
		own, others := w.signals(syscall.SIGUSR1), other.signals(syscall.SIGUSR1)
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGUSR1)
		defer signal.Stop(c)
		var one, two result
		own.Wait(&one)
		others.Wait(&two)
		kill(t, syscall.SIGUSR1)
		w.await(&one)
		other.await(&two)
		one.want(t, int(syscall.SIGUSR1), nil)
		two.want(t, int(syscall.SIGUSR1), nil)
		w.within("package signal", func() { <-c })
	})
}

// TestSignalsEnd ends waits in all ways but with a signal.
func TestSignalsEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.signals(syscall.SIGUSR1)
		var canceled, late, all, closed, refused result
		var slot ops.CancelSlot
		s.Wait(ops.WithCancelSlot(&canceled, &slot))
		s.Wait(ops.WithTimeout(&late, time.Microsecond))
		slot.Cancel()
		w.await(&canceled, &late)
		canceled.want(t, 0, ops.ErrCanceled)
		late.want(t, 0, os.ErrDeadlineExceeded)

		done, cancel := context.WithCancel(t.Context())
		cancel()
		var before result
		var bound ops.CancelSlot
		defer bound.CancelOnDone(done)()
		s.Wait(ops.WithCancelSlot(&before, &bound))
		before.later(t)
		w.await(&before)
		before.want(t, 0, ops.ErrCanceled)

		s.Wait(ops.WithTimeout(&all, time.Hour))
		s.Cancel()
		all.later(t)
		w.await(&all)
		all.want(t, 0, ops.ErrCanceled)

		s.Wait(&closed)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		s.Wait(&refused)
		closed.later(t)
		w.await(&closed, &refused)
		closed.want(t, 0, net.ErrClosed)
		refused.want(t, 0, net.ErrClosed)
		if err := s.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the second Close returns %v", err)
		}
	})
}

// TestSignalsMemory takes the memory of waits from their allocators, and releases it when
// the proactor is closed.
func TestSignalsMemory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.signals(syscall.SIGUSR1)
		var memory counting
		var exhausted, abandoned result
		memory.exhaust(true)
		s.Wait(ops.WithAllocator(&exhausted, &memory))
		exhausted.later(t)
		w.await(&exhausted)
		memory.exhaust(false)
		s.Wait(ops.WithAllocator(&abandoned, &memory))
		s.Wait(ops.WithTimeout(ops.WithAllocator(&abandoned, &memory), time.Hour))
		if n := memory.alive(); n != 2 {
			t.Errorf("%d blocks are alive, want 2", n)
		}
		w.within("Close", func() { w.Close() })
		memory.check(t)
		abandoned.later(t)
		if _, err := w.NewSignals(syscall.SIGUSR1); !errors.Is(err, net.ErrClosed) {
			t.Errorf("NewSignals of a closed proactor returns %v", err)
		}
		if err := s.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Close after that of the proactor returns %v", err)
		}
	})
}

// TestSignalsRefused asks for what nobody can wait for.
func TestSignalsRefused(t *testing.T) {
	w := mode{backend: "portable"}.open(t)
	for _, signals := range [][]os.Signal{{}, {os.Kill}, {os.Interrupt, syscall.SIGSTOP}, {nil}, {syscall.Signal(0)}, {syscall.Signal(1000)}} {
		if s, err := w.NewSignals(signals...); err == nil {
			t.Errorf("NewSignals(%v) returns no error", signals)
			s.Close()
		}
	}
}

// TestSignalsAsleep sends signals to a proactor that other goroutines run.
func TestSignalsAsleep(t *testing.T) {
	keepAlive(t)
	each(t, func(t *testing.T, w *world) {
		s := w.signals(syscall.SIGUSR1)
		arrived := make(chan int)
		var h ops.HandlerFunc
		left := 20
		h = func(n int, err error) {
			if left--; left > 0 {
				s.Wait(h)
			} else if err := s.Close(); err != nil {
				t.Error(err)
			}
			arrived <- n
		}
		s.Wait(h)
		ended := make(chan error, 3)
		for range max(1, w.runners) {
			go func() { ended <- w.Run(context.Background()) }()
		}
		for range 20 {
			kill(t, syscall.SIGUSR1)
			w.within("the handler", func() {
				if n := <-arrived; n != int(syscall.SIGUSR1) {
					t.Errorf("signal %d", n)
				}
			})
		}
		w.within("Run", func() {
			for range max(1, w.runners) {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
		})
	})
}
