package ops_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A context ends an operation from any goroutine, even on a proactor with a single runner.
func ExampleCancelSlot_CancelOnDone() {
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()

	var slot ops.CancelSlot
	stop := slot.CancelOnDone(ctx)
	defer stop()
	p.NewTimer().Wait(time.Hour, ops.WithCancelSlot(ops.HandlerFunc(func(_ int, err error) {
		fmt.Println(errors.Is(err, context.Canceled), context.Cause(ctx))
	}), &slot))
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: true context deadline exceeded
}
