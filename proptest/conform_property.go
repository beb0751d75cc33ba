package proptest

import (
	"fmt"
)

// A Property is one of the numbered properties that [Conform], [FaultSweep] and
// [Laws] check. A failure message starts with the property's number and name.
type Property uint8

const (
	goodSize Property = iota + 1
	rightSize
	disjoint
	aligned
	contents
	failureChangesNothing
	owns
	ownsNothingForeign
	resizesInPlace
	holdsItsCapacity
	zeroed
	allComesBack
	oneForOne
	resetRestores
	parentGetsItsBlocks
	rightChild
	usableAfterTrim
	neverBeyondCapacity
	withinParent
	hugeSize
	faultSurfaces
	noLeak
	misusePanics
	concurrent
	flat
	survivesCollection
	keepsNothingAlive
	noStalePointers
	emptyBlock
	negativeSize
	errorValues
	noPanic
	serves
	tooLargeIsForever
	steadyStateAllocatesNothing
	failureAllocatesNothing
	handsOff
	repeatable
	equivalent
	misuseIsHarmless
	hoardsNothing
	countsToNothing
)

// properties has the name of each property and what it says.
var properties = [...]struct{ name, says string }{
	goodSize:                    {"GoodSize", "GoodSize(n) is at least n"},
	rightSize:                   {"RightSize", "Allocate(n) returns a slice with len == n <= cap, and with cap == 1 for n == 1"},
	disjoint:                    {"Disjoint", "live blocks do not overlap, not in part either"},
	aligned:                     {"Aligned", "a block starts where a T may start, and at the claimed alignment"},
	contents:                    {"Contents", "the contents of a live block change only by its owner"},
	failureChangesNothing:       {"FailureChangesNothing", "an operation that fails takes nothing and changes nothing"},
	owns:                        {"Owns", "an Owner owns its live blocks and no empty one"},
	ownsNothingForeign:          {"OwnsNothingForeign", "an Owner does not own what it did not hand out"},
	resizesInPlace:              {"ResizesInPlace", "Resize leaves the block where it is and what it keeps of its contents as it is, with len == n <= cap"},
	holdsItsCapacity:            {"HoldsItsCapacity", "an empty allocator of a claimed capacity has room for so many values, and no more"},
	zeroed:                      {"Zeroed", "a block of an allocator that claims so is zero"},
	allComesBack:                {"AllComesBack", "when everything is released, in whatever order, there is as much room as at the start"},
	oneForOne:                   {"OneForOne", "in a full allocator, releasing one value makes room for one value"},
	resetRestores:               {"ResetRestores", "after Reset there is as much room as at the start"},
	parentGetsItsBlocks:         {"ParentGetsItsBlocks", "what goes back to the parent is what it gave, with that capacity, once"},
	rightChild:                  {"RightChild", "a block goes back to the child that it came from"},
	usableAfterTrim:             {"UsableAfterTrim", "Trim changes nothing for those who allocate"},
	neverBeyondCapacity:         {"NeverBeyondCapacity", "the live values are never more than the claimed capacity"},
	withinParent:                {"WithinParent", "a block lies in storage that the parent gave and has not got back"},
	hugeSize:                    {"HugeSize", "a huge request is refused with ErrTooLarge or ErrExhausted, without an overflow"},
	faultSurfaces:               {"FaultSurfaces", "when the parent fails, the request fails or is served from elsewhere"},
	noLeak:                      {"NoLeak", "when everything is released and trimmed, the parent has everything back"},
	misusePanics:                {"MisusePanics", "a double release or a foreign block panics with a *MisuseError where that is claimed"},
	concurrent:                  {"Concurrent", "several goroutines may use an allocator that claims so"},
	flat:                        {"Flat", "repeating the same work does not take ever more storage"},
	survivesCollection:          {"SurvivesCollection", "what a live block points to survives a garbage collection"},
	keepsNothingAlive:           {"KeepsNothingAlive", "what a released block pointed to can be collected"},
	noStalePointers:             {"NoStalePointers", "a fresh block of a T with pointers holds none, up to its capacity"},
	emptyBlock:                  {"EmptyBlock", "Allocate(0) returns an empty slice and takes nothing; releasing an empty slice does nothing"},
	negativeSize:                {"NegativeSize", "Allocate(n) with n < 0 returns ErrSize"},
	errorValues:                 {"ErrorValues", "a failure is nil and an error that wraps ErrExhausted, ErrTooLarge or ErrSize"},
	noPanic:                     {"NoPanic", "correct use never panics"},
	serves:                      {"Serves", "a request fails only if the parent failed, or where the allocator claims that it may refuse"},
	tooLargeIsForever:           {"TooLargeIsForever", "a size that is served at one time is not ErrTooLarge at another"},
	steadyStateAllocatesNothing: {"SteadyStateAllocatesNothing", "a steady state that is claimed to allocate nothing on the Go heap does not"},
	failureAllocatesNothing:     {"FailureAllocatesNothing", "a failing request allocates nothing on the Go heap"},
	handsOff:                    {"HandsOff", "nobody writes to storage that the parent has back"},
	repeatable:                  {"Repeatable", "the same program on a fresh allocator does the same"},
	equivalent:                  {"Equivalent", "two expressions that a law makes equal cannot be told apart"},
	misuseIsHarmless:            {"MisuseIsHarmless", "no misuse of slices, but for releasing one twice, gets a slice that reaches beyond its storage or shares it with a live one; it panics with a *MisuseError or does no harm"},
	hoardsNothing:               {"HoardsNothing", "a request does not fail for want of what the allocator itself keeps and would give up in a Trim"},
	countsToNothing:             {"CountsToNothing", "when everything is released, those that count what is live count nothing"},
}

// Properties returns all properties, in the order of their numbers.
func Properties() []Property {
	var all []Property
	for p := goodSize; int(p) < len(properties); p++ {
		all = append(all, p)
	}
	return all
}

// Name returns the property's name, such as "Disjoint".
func (p Property) Name() string {
	if int(p) >= len(properties) || properties[p].name == "" {
		return "unknown"
	}
	return properties[p].name
}

// Says returns what the property promises, as a sentence without a full stop.
// It is empty for a number that is no property.
func (p Property) Says() string {
	if int(p) >= len(properties) {
		return ""
	}
	return properties[p].says
}

// String returns the number and the name, such as "P3 Disjoint".
func (p Property) String() string { return fmt.Sprintf("P%d %s", uint8(p), p.Name()) }
