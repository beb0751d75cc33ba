//go:build asan

package allocator_test

const addressSanitizer = true
