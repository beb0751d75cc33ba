// Package proptest checks by properties that an allocator keeps the rules of
// package allocator, for whoever has written one.
//
// [Conform] runs random programs on an allocator of yours, over and under others
// that are drawn too, and compares it with a model; what it may do beyond or short
// of the rules is said with [Claims]. [FaultSweep] fails each request to the parent
// in turn, and [Laws] checks that what must be equivalent is:
//
//	func TestRing(t *testing.T)              { proptest.Conform(t, newRing[*int]) }
//	func TestRingSurvives(t *testing.T)      { proptest.FaultSweep(t, newRing[*int]) }
//	func TestRingKeepsTheLaws(t *testing.T)  { proptest.Laws(t, newRing[*int]) }
//
// One call of [Register] adds a combinator of yours to those that are drawn.
//
// A failure names a numbered [Property] and shows the simplest composition and the
// shortest program that fail in the same way.
//
// # What else there is to prove
//
// Package proptest/chains runs chains of operations on a platform, with the
// allocators and the handlers of yours in them, and package proptest/contract has
// the allocation contract that they are held to, and the ledger that sees whether
// it is kept.
package proptest
