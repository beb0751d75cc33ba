// Package proptest checks, with random programs, that an allocator keeps the rules of
// package allocator.
//
// [Conform] runs random programs on your allocator, over and under other randomly
// chosen allocators, and compares it with a model. [Claims] say what the allocator
// promises beyond the rules, and where it falls short of them. [FaultSweep] makes each
// request to the parent fail in turn, and [Laws] checks that compositions that must be
// equivalent are:
//
//	func TestRing(t *testing.T)              { proptest.Conform(t, newRing[*int]) }
//	func TestRingSurvives(t *testing.T)      { proptest.FaultSweep(t, newRing[*int]) }
//	func TestRingKeepsTheLaws(t *testing.T)  { proptest.Laws(t, newRing[*int]) }
//
// [Register] adds a combinator of your own to those that compositions are drawn
// from.
//
// A failure names a numbered [Property]. It shows the simplest composition and the
// shortest program that were found to fail in the same way.
//
// # Operations and handlers
//
// Package proptest/chains runs chains of operations on a platform, with your
// allocators and handlers in them. Package proptest/contract has the allocation
// contract that operations must keep, and the ledger that checks whether they do.
package proptest
