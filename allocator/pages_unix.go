//go:build unix

package allocator

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

func pageSize() uintptr { return uintptr(os.Getpagesize()) }

// mapPages returns size bytes of zeros between two guards, or nil if the
// operating system refuses. The guards are part of the result.
func mapPages(size, guard uintptr) []byte {
	access := unix.PROT_READ | unix.PROT_WRITE
	if guard != 0 {
		access = unix.PROT_NONE
	}
	all := size + 2*guard
	p, err := unix.MmapPtr(-1, 0, nil, all, access, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	pages := unsafe.Slice((*byte)(p), all)
	if guard != 0 && unix.Mprotect(pages[guard:guard+size], unix.PROT_READ|unix.PROT_WRITE) != nil {
		unmapPages(pages)
		return nil
	}
	return pages
}

// unmapPages gives back what mapPages returned. This fails only if it would split a
// mapping in two and the kernel allows no more mappings; the pages then stay.
func unmapPages(pages []byte) {
	_ = unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(pages)), uintptr(len(pages)))
}
