package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// overNet is the row of the peer.
const overNet policy = "net"

// policies are the rows.
var policies = []policy{overNet, plainHeap, byDefault, singleSlot}

// A row is what one server did.
type row struct {
	Policy            policy  `json:"policy"`
	Backend           string  `json:"backend"`
	MessagesPerSecond float64 `json:"messages_per_second"`
	RatioToNet        float64 `json:"ratio_to_net"`
	AllocsPerMessage  float64 `json:"allocs_per_message"`
	BytesPerMessage   float64 `json:"bytes_per_message"`
	GCCycles          uint32  `json:"gc_cycles"`
	Violations        int     `json:"violations"`
}

// compare measures the servers and prints a row for each.
func compare(ctx context.Context, f flags, stdout, stderr io.Writer) error {
	probe, err := platform.New(platform.WithBackend(f.backend))
	if err != nil {
		return err
	}
	backend := probe.Backend()
	probe.Close()

	if !f.json {
		fmt.Fprintf(stdout, "%d connections, %d-byte messages, %v a row; %s on %s/%s, %d processors\n\n",
			f.conns, f.size, f.duration, backend, runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
		fmt.Fprintf(stdout, "%-12s %14s %13s %9s %10s\n", "", "allocs/message", "bytes/message", "GC cycles", "violations")
	}
	samples, err := measureAll(ctx, f, stderr)
	if err != nil {
		return err
	}
	violations := 0
	for i, s := range samples {
		r := s.row()
		r.Policy, r.Backend = policies[i], backend
		if r.Policy == overNet {
			r.Backend = "net"
		}
		r.RatioToNet = rounded(r.MessagesPerSecond / samples[0].row().MessagesPerSecond)
		violations += r.Violations
		if f.json {
			err = json.NewEncoder(stdout).Encode(r)
		} else {
			_, err = fmt.Fprintln(stdout, r)
		}
		if err != nil {
			return err
		}
	}
	return violated(violations)
}

// measureAll measures the servers in turn, in slices, so that what else the
// machine does meanwhile falls on all of them. It returns the sum of each.
func measureAll(ctx context.Context, f flags, stderr io.Writer) ([]sample, error) {
	slices := max(1, f.duration/(500*time.Millisecond))
	slice := f.duration / slices
	bar := newProgress(stderr, time.Duration(len(policies))*slices*(warmUp(slice)+slice))
	defer bar.close()
	sums := make([]sample, len(policies))
	for range slices {
		for i, p := range policies {
			bar.show(string(p))
			s, err := measure(ctx, p, f, slice)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p, err)
			}
			sums[i].add(s)
		}
	}
	return sums, nil
}

// A sample is what was counted while a server was measured.
type sample struct {
	messages, allocs, bytes uint64
	gcCycles                uint32
	violations              int
	time                    time.Duration
}

func (s *sample) add(t sample) {
	s.messages += t.messages
	s.allocs += t.allocs
	s.bytes += t.bytes
	s.gcCycles += t.gcCycles
	s.violations += t.violations
	s.time += t.time
}

// row returns the figures that a sample alone has.
func (s sample) row() row {
	n := float64(s.messages)
	return row{
		MessagesPerSecond: rounded(n / s.time.Seconds()),
		AllocsPerMessage:  rounded(float64(s.allocs) / n),
		BytesPerMessage:   rounded(float64(s.bytes) / n),
		GCCycles:          s.gcCycles,
		Violations:        s.violations,
	}
}

// String returns the row of the table. It has no messages a second: over loopback, with the
// clients on the same processors, those are mostly the kernel's, and differ from run to run as much
// as from row to row.
func (r row) String() string {
	violations := "–" // nothing of ours runs there
	if r.Policy != overNet {
		violations = fmt.Sprint(r.Violations)
	}
	return fmt.Sprintf("%-12s %14.2f %13.1f %9d %10s",
		r.Policy, r.AllocsPerMessage, r.BytesPerMessage, r.GCCycles, violations)
}

// violated returns an error unless n is 0.
func violated(n int) error {
	if n > 0 {
		return fmt.Errorf("the allocation contract was violated %d times", n)
	}
	return nil
}

// bufferFor is the size of a server's buffer a connection. It is larger than a
// message, so that reading one shows that there is no second.
func bufferFor(size int) int { return min(max(size+1, 4096), 64<<10) }

// warmUp is how long a server runs before it is measured: until its blocks
// exist and the scheduler has settled.
func warmUp(duration time.Duration) time.Duration {
	return min(duration/4, 100*time.Millisecond)
}

// On a machine that is busy otherwise few messages come back in the time that a
// server is measured, and then the little that the runtime allocates for itself
// is much for one of them. So the server is given its time again, up to starved
// times, until there are enough.
const (
	enough  = 100
	starved = 50
)

// measure runs one server with its clients.
//
// Everything that the process allocates between two moments is counted, and
// everything but the server is built so that it allocates nothing between
// them: the clients (see load), the timer of this function, the progress bar.
// So what is counted is the server's. Clients, buffers and sockets are the same
// for each row; only the server differs.
func measure(ctx context.Context, p policy, f flags, duration time.Duration) (s sample, err error) {
	address, stop, err := start(p, f)
	if err != nil {
		return s, err
	}
	defer func() { s.violations = stop() }()
	clients, err := newLoad(address, f.conns, f.size)
	if err != nil {
		return s, err
	}
	defer func() {
		if failed := clients.close(); failed != nil {
			err = failed
		}
	}()

	if err := wait(ctx, clients, clients.ready); err != nil {
		return s, err
	}
	runtime.GC() // of what came before, which is not this server's
	timer := time.NewTimer(0)
	if _, err := exchange(ctx, clients, timer, warmUp(duration)); err != nil {
		return s, err
	}

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	s.messages, err = exchange(ctx, clients, timer, duration)
	s.time = time.Since(began)
	runtime.ReadMemStats(&after)

	s.allocs = after.Mallocs - before.Mallocs
	s.bytes = after.TotalAlloc - before.TotalAlloc
	s.gcCycles = after.NumGC - before.NumGC
	if err == nil && s.messages == 0 {
		err = fmt.Errorf("no message came back in %v", s.time)
	}
	return s, err
}

// exchange lets messages go back and forth for some time, and returns how many did. It
// allocates nothing.
func exchange(ctx context.Context, clients *load, timer *time.Timer, duration time.Duration) (messages uint64, err error) {
	before := clients.messages.Load()
	for range starved {
		timer.Reset(duration)
		err = wait(ctx, clients, timer.C)
		messages = uint64(clients.messages.Load() - before)
		if err != nil || messages >= enough {
			break
		}
	}
	return messages, err
}

// wait waits for c, unless the clients end before. It allocates nothing.
func wait[T any](ctx context.Context, clients *load, c <-chan T) error {
	select {
	case <-c:
		return nil
	case <-clients.ended:
		return errors.New("the clients have ended")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// start starts the server of a row on a free port. Its stop is called once the
// clients have left, and returns how often the contract was violated.
func start(p policy, f flags) (address string, stop func() int, err error) {
	const loopback = "127.0.0.1:0"
	if p == overNet {
		s, err := newNetServer(loopback, bufferFor(f.size))
		if err != nil {
			return "", nil, err
		}
		return s.listener.Addr().String(), func() int { s.close(); return 0 }, nil
	}
	s, err := newServer(loopback, f.backend, p, true, bufferFor(f.size))
	if err != nil {
		return "", nil, err
	}
	address = s.listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(ctx)
	}()
	return address, func() int {
		cancel()
		<-ended
		s.close()
		return s.violations()
	}, nil
}

// rounded keeps four places.
func rounded(x float64) float64 { return math.Round(x*1e4) / 1e4 }
