package combinators_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	. "github.com/heirloom-go/heirloom/combinators"
)

func BenchmarkY(b *testing.B) {
	b.Run("slot direct N", func(b *testing.B) { var a SingleSlot[element]; for range b.N { s, err := a.Allocate(1); if err!=nil {b.Fatal(err)}; a.Deallocate(s) } })
	b.Run("slot iface N", func(b *testing.B) { var a allocator.Allocator[element] = &SingleSlot[element]{}; for range b.N { s, err := a.Allocate(1); if err!=nil {b.Fatal(err)}; a.Deallocate(s) } })
	b.Run("slot iface Loop", func(b *testing.B) { var a allocator.Allocator[element] = &SingleSlot[element]{}; for b.Loop() { s, err := a.Allocate(1); if err!=nil {b.Fatal(err)}; a.Deallocate(s) } })
	b.Run("slot bytes N", func(b *testing.B) { var a allocator.Allocator[byte] = &SingleSlot[byte]{}; for range b.N { s, err := a.Allocate(1); if err!=nil {b.Fatal(err)}; a.Deallocate(s) } })
	b.Run("recycling N", func(b *testing.B) { var a allocator.Allocator[element] = NewRecycling(allocator.Heap[element]{}, 64); for range b.N { s, err := a.Allocate(1); if err!=nil {b.Fatal(err)}; a.Deallocate(s) } })
	b.Run("recycling bytes N", func(b *testing.B) { var a allocator.Allocator[byte] = NewRecycling(allocator.Heap[byte]{}, 64); for range b.N { s, err := a.Allocate(1); if err!=nil {b.Fatal(err)}; a.Deallocate(s) } })
	b.Run("clear", func(b *testing.B) { p := new(element); sink = p; for range b.N { *sink = element{} } })
}
