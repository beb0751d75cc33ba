package allocator

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

func pageSize() uintptr { return uintptr(os.Getpagesize()) }

// mapPages returns size bytes of zeros between two guards, or nil if the
// operating system refuses. The guards are part of the result; they are
// reserved addresses without memory.
func mapPages(size, guard uintptr) []byte {
	all := size + 2*guard
	base, err := windows.VirtualAlloc(0, all, windows.MEM_RESERVE, windows.PAGE_NOACCESS)
	if err != nil {
		return nil
	}
	// The address is not one that the Go runtime knows, and stays where it
	// is, so it may become a pointer.
	pages := unsafe.Slice(*(**byte)(unsafe.Pointer(&base)), all)
	if _, err := windows.VirtualAlloc(base+guard, size, windows.MEM_COMMIT, windows.PAGE_READWRITE); err != nil {
		unmapPages(pages)
		return nil
	}
	return pages
}

// unmapPages gives back what mapPages returned. For that it cannot fail.
func unmapPages(pages []byte) {
	_ = windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(pages))), 0, windows.MEM_RELEASE)
}
