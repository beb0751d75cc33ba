package allocator

import (
	"cmp"
	"slices"
)

// A pageBlock is a block: its start, its capacity and its pages.
type pageBlock struct {
	start    uintptr
	capacity int // values
	pages    []byte
}

// addresses are blocks in the order of their addresses, in runs of at most
// maxRun. Adding a block moves a part of one run, not all blocks. So with a million
// blocks it is as quick as with a thousand, except for the list of runs.
type addresses struct {
	runs [][]pageBlock // none of them is empty
}

const maxRun = 256

// run returns the index of the run that start belongs to: the last one that does
// not begin above it, or the first one.
func (a *addresses) run(start uintptr) int {
	i, exact := slices.BinarySearchFunc(a.runs, start, func(run []pageBlock, start uintptr) int {
		return cmp.Compare(run[0].start, start)
	})
	if !exact && i > 0 {
		i--
	}
	return i
}

// place returns where in a run the block at start is, or would be.
func place(run []pageBlock, start uintptr) (int, bool) {
	return slices.BinarySearchFunc(run, start, func(b pageBlock, start uintptr) int {
		return cmp.Compare(b.start, start)
	})
}

// add adds a block. There must be none at its start.
func (a *addresses) add(b pageBlock) {
	if len(a.runs) == 0 {
		a.runs = append(a.runs, append(make([]pageBlock, 0, maxRun), b))
		return
	}
	r := a.run(b.start)
	if run := a.runs[r]; len(run) == maxRun {
		upper := append(make([]pageBlock, 0, maxRun), run[maxRun/2:]...)
		clear(run[maxRun/2:])
		a.runs[r] = run[:maxRun/2]
		a.runs = slices.Insert(a.runs, r+1, upper)
		if b.start > upper[0].start {
			r++
		}
	}
	i, _ := place(a.runs[r], b.start)
	a.runs[r] = slices.Insert(a.runs[r], i, b)
}

// find returns the block at start.
func (a *addresses) find(start uintptr) (pageBlock, bool) {
	b, ok := a.atOrBelow(start)
	return b, ok && b.start == start
}

// atOrBelow returns the last block that does not begin above address.
func (a *addresses) atOrBelow(address uintptr) (pageBlock, bool) {
	if len(a.runs) == 0 {
		return pageBlock{}, false
	}
	run := a.runs[a.run(address)]
	i, exact := place(run, address)
	if !exact {
		i--
	}
	if i < 0 {
		return pageBlock{}, false
	}
	return run[i], true
}

// remove removes the block at start, which must exist.
func (a *addresses) remove(start uintptr) {
	r := a.run(start)
	i, _ := place(a.runs[r], start)
	if a.runs[r] = slices.Delete(a.runs[r], i, i+1); len(a.runs[r]) == 0 {
		a.runs = slices.Delete(a.runs, r, r+1)
	}
}
