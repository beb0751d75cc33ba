// Package allocators has benchmarks of Heirloom's allocators beside what else a program would
// use: sync.Pool, new, bytebufferpool, and in pmr the memory resources of C++.
//
// All do the same work. The element has 192 bytes with pointers, about the state of an
// operation, and is handed out cleared. A buffer has 192 bytes without, and is not cleared.
//
//	BenchmarkOne     allocates one element and deallocates it
//	BenchmarkEight   allocates eight, and deallocates them
//	BenchmarkTwo     is BenchmarkOne on two goroutines at once
//	BenchmarkBuffer  allocates one buffer and deallocates it
//
// The command compare runs them. They can be run alone, too:
//
//	go test -bench . ./allocators
package allocators
