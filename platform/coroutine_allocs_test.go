//go:build !race

package platform_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func TestCoroutineAllocatesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.backend == "portable" {
			t.Skip("package net allocates")
		}
		a, b := w.pair()
		var slot combinators.SingleSlot[ops.Operation]
		var buffer combinators.SingleSlot[byte]
		r := new(result)
		h := ops.WithAllocator[byte](ops.WithAllocator[ops.Operation](r, &slot), &buffer)
		allocs := -1.0
		w.Spawn(h, func(co *platform.Co) (err error) {
			buf := make([]byte, 8)
			check := func(_ int, e error) {
				if e != nil {
					err = e
				}
			}
			allocs = testing.AllocsPerRun(100, func() {
				check(co.Write(a, buf))
				check(co.ReadFull(b, buf))
				check(co.Write(b, buf))
				arrived, e := co.ReadOnArrival(a, 8)
				check(0, e)
				buffer.Deallocate(arrived)
				check(0, co.Sleep(0))
				check(0, co.Yield())
			})
			return err
		})
		w.await(r)
		r.want(t, 0, nil)
		if allocs != 0 {
			t.Errorf("%v allocations for six operations", allocs)
		}
	})
}
