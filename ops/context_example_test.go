package ops_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

type requestID struct{}

// A composed operation sees the values of the context with which it was started: here
// what to write to a log.
func ExampleWithContext() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	ctx := context.WithValue(context.Background(), requestID{}, 42)
	h := ops.WithContext(ops.HandlerFunc(func(n int, err error) { fmt.Println("done:", n, err) }), ctx)
	ops.Compose(p, h, 3, func(f *ops.Frame[int], _ int, err error) {
		if f.State--; f.State == 0 {
			f.Return(7, err)
			return
		}
		fmt.Println("request", ops.ContextOf(f).Value(requestID{}), "goes on")
		ops.Post(p, f)
	})
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// request 42 goes on
	// request 42 goes on
	// done: 7 <nil>
}

// A handler type that brings the context of its request.
func ExampleContextual() {
	r := &request{ctx: context.WithValue(context.Background(), requestID{}, 42)}
	limited := ops.WithTimeout(r, time.Second) // what is around it does not hide that
	fmt.Println("request", ops.ContextOf(limited).Value(requestID{}))
	fmt.Println(ops.ContextOf(ops.HandlerFunc(func(int, error) {})) == context.Background())
	// Output:
	// request 42
	// true
}

type request struct{ ctx context.Context }

func (r *request) Context() context.Context { return r.ctx }
func (r *request) Complete(int, error)      {}
