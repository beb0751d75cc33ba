// Benchmarks of std::pmr beside those of package allocators, with the same work and the same
// names, in the format of go test -bench.
//
//	c++ -std=c++17 -O2 -pthread -o pmr pmr.cpp && ./pmr [-benchtime SECONDS] [-bench NAME]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory_resource>
#include <new>
#include <string>
#include <thread>

namespace {

// What is allocated, which is the element of the Go benchmarks: 192 bytes with pointers.
struct element {
  element *next;
  void *handler[2];
  void *buffer[3];
  unsigned long long state[18];
};
static_assert(sizeof(element) == 192);

// Makes the compiler assume that p is read.
void used(void *p) { asm volatile("" : : "g"(p) : "memory"); }

// Elements are handed out cleared, as in Go.
element *allocate(std::pmr::memory_resource *r) {
  auto *e = new (r->allocate(sizeof(element), alignof(element))) element{};
  used(e);
  return e;
}

void deallocate(std::pmr::memory_resource *r, element *e) {
  r->deallocate(e, sizeof(element), alignof(element));
}

constexpr int chain = 8;

void one(std::pmr::memory_resource *r, long n) {
  for (long i = 0; i < n; i++)
    deallocate(r, allocate(r));
}

void eight(std::pmr::memory_resource *r, long n) {
  element *live[chain];
  for (long i = 0; i < n; i++) {
    for (auto &e : live)
      e = allocate(r);
    for (auto *e : live)
      deallocate(r, e);
  }
}

// A monotonic resource gives nothing back until all is released.
template <int elements> void monotonic(long n) {
  alignas(64) static thread_local std::byte room[2 * elements * sizeof(element)];
  std::pmr::monotonic_buffer_resource r(room, sizeof room);
  for (long i = 0; i < n; i++) {
    for (int k = 0; k < elements; k++)
      allocate(&r);
    r.release();
  }
}

// Half of the operations on each of two threads.
template <class F> void twice(F f, long n) {
  std::thread other([&] { f(n / 2); });
  f(n - n / 2);
  other.join();
}

double benchtime = 0.1;   // seconds
const char *only = nullptr; // the benchmark to run

// measure prints the nanoseconds of one operation, of as many as take the benchtime.
template <class F> void measure(const std::string &name, int threads, F f) {
  if (only && name != only)
    return;
  using clock = std::chrono::steady_clock;
  double seconds = 0;
  long n = 20000;
  for (;; n *= 2) {
    auto start = clock::now();
    f(n);
    seconds = std::chrono::duration<double>(clock::now() - start).count();
    if (seconds >= benchtime)
      break;
  }
  std::printf("%s-%d\t%ld\t%.2f ns/op\n", name.c_str(), threads, n, seconds / n * 1e9);
}

template <class R> void resource(const std::string &name) {
  measure("BenchmarkOne/" + name, 1, [](long n) { R r; one(&r, n); });
  measure("BenchmarkEight/" + name, 1, [](long n) { R r; eight(&r, n); });
}

template <class R> void shared(const std::string &name) {
  measure("BenchmarkTwo/" + name, 2, [](long n) {
    R r;
    twice([&](long half) { one(&r, half); }, n);
  });
}

// C++'s new and delete, as a resource.
struct heap : std::pmr::memory_resource {
  void *do_allocate(std::size_t n, std::size_t) override { return ::operator new(n); }
  void do_deallocate(void *p, std::size_t, std::size_t) override { ::operator delete(p); }
  bool do_is_equal(const memory_resource &o) const noexcept override { return this == &o; }
};

} // namespace

int main(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "-benchtime"))
      benchtime = std::atof(argv[i + 1]);
    else if (!std::strcmp(argv[i], "-bench"))
      only = argv[i + 1];
    else
      return 2;
  }
  measure("BenchmarkOne/peer=pmr-monotonic", 1, monotonic<1>);
  measure("BenchmarkEight/peer=pmr-monotonic", 1, monotonic<chain>);
  resource<std::pmr::unsynchronized_pool_resource>("peer=pmr-unsynchronized-pool");
  resource<std::pmr::synchronized_pool_resource>("peer=pmr-synchronized-pool");
  resource<heap>("peer=new-delete");
  shared<std::pmr::synchronized_pool_resource>("peer=pmr-synchronized-pool");
  shared<heap>("peer=new-delete");
}
