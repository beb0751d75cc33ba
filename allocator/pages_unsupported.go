//go:build !unix && !windows

package allocator

// pageSize is that of most systems; this one provides no pages.
func pageSize() uintptr { return 4096 }

func mapPages(size, guard uintptr) []byte { return nil }
func unmapPages([]byte)                   {}
