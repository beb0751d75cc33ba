//go:build !race

package secure_test

import (
	"crypto/tls"
	"testing"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestAllocatesNothing sends records there and back, with the memory that connections share.
func TestAllocatesNothing(t *testing.T) {
	for name, version := range versions {
		for _, size := range []int{64, 16 << 10, 40_000} {
			t.Run(name, func(t *testing.T) {
				each(t, func(t *testing.T, w *world) {
					if w.Backend() == "portable" {
						t.Skip("package net allocates")
					}
					server := serverConfig(version)
					server.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
					a, b := w.secured(server, clientConfig(version), nil)
					var slot combinators.SingleSlot[ops.Operation]
					var buffer combinators.SingleSlot[byte]
					r := new(result)
					h := ops.WithAllocator[byte](ops.WithAllocator[ops.Operation](r, &slot), &buffer)
					allocs := -1.0
					w.Spawn(h, func(co *platform.Co) (err error) {
						buf := make([]byte, size)
						check := func(_ int, e error) {
							if e != nil {
								err = e
							}
						}
						allocs = testing.AllocsPerRun(50, func() {
							for left := size; left > 0; {
								n := min(left, 16<<10)
								check(co.Write(a, buf[:n]))
								check(co.ReadFull(b, buf[:n]))
								left -= n
							}
							check(co.Write(b, buf[:64]))
							arrived, e := co.ReadOnArrival(a, 64)
							check(0, e)
							buffer.Deallocate(arrived)
						})
						return err
					})
					w.await(r)
					r.want(t, 0, nil)
					if allocs != 0 {
						t.Errorf("%v allocations to write and read %d bytes", allocs, size)
					}
				})
			})
		}
	}
}
