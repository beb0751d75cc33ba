package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Allocators, by what they allocate.
const (
	allocatesOne    kind = "one element"
	allocatesEight  kind = "8 elements"
	allocatesTwo    kind = "2 threads"
	allocatesBuffer kind = "buffers"
)

var allocating = []kind{allocatesOne, allocatesEight, allocatesTwo, allocatesBuffer}

// benchmarks are those of package allocators, and of pmr beside it.
var benchmarks = map[kind]string{
	allocatesOne:    "BenchmarkOne",
	allocatesEight:  "BenchmarkEight",
	allocatesTwo:    "BenchmarkTwo",
	allocatesBuffer: "BenchmarkBuffer",
}

// The sources of the benchmarks. The one in Go has tests, and no program.
const (
	goAllocators  = "../allocators"
	pmrAllocators = "../allocators/pmr/pmr.cpp"
)

// allocatorPrograms returns a program for each allocator and each benchmark that it is in. Its
// argument is the name that it has there.
func allocatorPrograms() (all []program) {
	add := func(p program, name string, in ...kind) {
		p.args = []string{name}
		for _, k := range in {
			p.kind = k
			all = append(all, p)
		}
	}
	heirloom := func(name string, in ...kind) { add(program{name: name, ours: true, source: goAllocators}, name, in...) }
	peer := func(name string, in ...kind) { add(program{name: name, source: goAllocators}, "peer="+name, in...) }
	cpp := func(name, benchmark string, in ...kind) {
		add(program{name: name, source: pmrAllocators, install: "g++"}, "peer="+benchmark, in...)
	}
	heirloom("SingleSlot", allocatesOne, allocatesBuffer)
	heirloom("Slots", allocatesOne, allocatesEight)
	heirloom("Slab", allocatesOne, allocatesEight)
	heirloom("Arena", allocatesOne, allocatesEight)
	heirloom("Recycling", allocatesOne, allocatesEight, allocatesBuffer)
	heirloom("Pool", allocating...)
	heirloom("Sharded", allocating...)
	heirloom("ThreadSafe", allocating...)
	peer("sync.Pool", allocating...)
	peer("new", allocatesOne, allocatesEight, allocatesTwo)
	peer("make", allocatesBuffer)
	peer("bytebufferpool", allocatesBuffer)
	cpp("std::pmr monotonic", "pmr-monotonic", allocatesOne, allocatesEight)
	cpp("std::pmr unsynchronized pool", "pmr-unsynchronized-pool", allocatesOne, allocatesEight)
	cpp("std::pmr synchronized pool", "pmr-synchronized-pool", allocatesOne, allocatesEight, allocatesTwo)
	cpp("C++ new and delete", "new-delete", allocatesOne, allocatesEight, allocatesTwo)
	return all
}

// allocatorScenarios ask what it costs to allocate and to deallocate.
func allocatorScenarios() []scenario {
	return []scenario{
		allocatorScenario("allocators", "one element", 1, allocatesOne,
			"An element has 192 bytes with pointers, and is handed out cleared. It is allocated and deallocated."),
		allocatorScenario("allocators-8", "eight elements", 1, allocatesEight,
			"Eight elements are allocated, and then deallocated: one by one, except Arena and the monotonic resource, which release them together."),
		allocatorScenario("allocators-threads", "one element, on two threads", 2, allocatesTwo,
			"Two threads share the allocator, and each does half of the operations. The time is what all of them took, divided by their number."),
		allocatorScenario("allocators-bytes", "a buffer of 192 bytes", 1, allocatesBuffer,
			"A buffer has no pointers, and only make clears it."),
	}
}

func allocatorScenario(name, what string, processors int, k kind, note string) scenario {
	return scenario{
		name:       name,
		title:      "An allocation and its deallocation, " + what,
		about:      "allocators: " + what,
		note:       note,
		kind:       k,
		metrics:    []metric{{unit: "ns/op", label: "time, ns"}, {unit: "allocs/op", label: "allocations on the Go heap"}},
		variants:   []variant{{name: what}},
		processors: processors,
		measure: func(ctx context.Context, r *runner, p built, _ variant) ([]float64, error) {
			return r.allocate(ctx, p, placement{cpus: r.cpus[:processors]})
		},
	}
}

// allocate runs one benchmark of one allocator.
func (r *runner) allocate(ctx context.Context, p built, where placement) ([]float64, error) {
	benchmark := benchmarks[p.kind] + "/" + p.args[0]
	args := []string{"-bench", benchmark, "-benchtime", fmt.Sprint(r.time.Seconds())}
	if p.isGo() {
		pattern := fmt.Sprintf("^%s$/^%s$", benchmarks[p.kind], regexp.QuoteMeta(p.args[0]))
		args = []string{"-test.run", "^$", "-test.bench", pattern, "-test.benchtime", r.time.String()}
	}
	out, err := r.output(ctx, where, p, args...)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		// What follows the name is the number of processors, or nothing if that is 1.
		if rest, ok := strings.CutPrefix(line, benchmark); ok && strings.ContainsAny(rest[:1], "- \t") {
			return []float64{valueOf(line, "ns/op"), valueOf(line, "allocs/op")}, nil
		}
	}
	return nil, fmt.Errorf("%s: there is no benchmark %s", filepath.Base(p.path), benchmark)
}

// valueOf returns the value before a unit in a line of a benchmark, NaN if there is none.
func valueOf(line, unit string) float64 {
	fields := strings.Fields(line)
	for i := 3; i < len(fields); i += 2 {
		if fields[i] == unit {
			if v, err := strconv.ParseFloat(fields[i-1], 64); err == nil {
				return v
			}
		}
	}
	return math.NaN()
}
