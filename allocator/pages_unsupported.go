//go:build !unix && !windows

package allocator

// pageSize is what it is on most systems; there are no pages to be had here.
func pageSize() uintptr { return 4096 }

func mapPages(size, guard uintptr) []byte { return nil }
func unmapPages([]byte)                   {}
