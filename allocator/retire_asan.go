//go:build asan

package allocator

// The two functions are the C library's part of the address sanitizer. They
// take integers here, because the storage they mark may be part of an object
// that has pointers, which cgo would not let pass.

// #include <stddef.h>
// #include <stdint.h>
// void __asan_poison_memory_region(void const volatile *, size_t);
// void __asan_unpoison_memory_region(void const volatile *, size_t);
// static void heirloom_poison(uintptr_t p, size_t n) { __asan_poison_memory_region((void *)p, n); }
// static void heirloom_unpoison(uintptr_t p, size_t n) { __asan_unpoison_memory_region((void *)p, n); }
import "C"

import "unsafe"

func retire(block unsafe.Pointer, size int) {
	if size != 0 {
		C.heirloom_poison(C.uintptr_t(uintptr(block)), C.size_t(size))
	}
}

func reissue(block unsafe.Pointer, size int) {
	if size != 0 {
		C.heirloom_unpoison(C.uintptr_t(uintptr(block)), C.size_t(size))
	}
}
