package main

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// soak runs trials on one backend, one after another: the odd ones are
// abandoned, the even ones end by themselves.
func soak(ctx context.Context, c config, all *tally) (row, error) {
	if err := warmUp(c.backend); err != nil {
		return row{}, err
	}
	before := openDescriptors()
	began := time.Now()
	trials := 2 * max(1, int(c.duration/longestTrial)/2)
	for i := range trials {
		trial := c
		trial.seed += uint64(i)
		t, err := newTrial(trial, all)
		if err != nil {
			return row{}, fmt.Errorf("%s: %w", c.backend, err)
		}
		left := time.Until(began.Add(c.duration * time.Duration(i+1) / time.Duration(trials)))
		t.run(ctx, max(left, 0), i%2 == 1)
		if ctx.Err() != nil {
			break
		}
	}
	return all.row(c, time.Since(began), leakedDescriptors(before)), nil
}

// longestTrial is about as long as a trial is.
const longestTrial = 20 * time.Second

// warmUp opens and closes one of everything, so that what the runtime opens
// once and keeps is there before descriptors are counted.
func warmUp(backend string) error {
	p, err := platform.New(platform.WithBackend(backend))
	if err != nil {
		return err
	}
	defer p.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return l.Close()
}

// leakedDescriptors returns how many more are open than before, or -1 if
// nobody can tell. Closing may take its time.
func leakedDescriptors(before int) int {
	if before < 0 {
		return -1
	}
	for range 50 {
		if openDescriptors() <= before {
			return 0
		}
		runtime.Gosched()
		time.Sleep(20 * time.Millisecond)
	}
	return max(openDescriptors()-before, 0)
}
