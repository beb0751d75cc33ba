package platform

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// spend has a leader wait n times for something that comes after a time, in nanoseconds,
// which may be another if the leader has parked before, and returns how often it looked
// and how many of those times it had to park all the same.
func spend(l *looking, n int, comes func(parked bool) int64) (looks, missed int) {
	parked := false
	for range n {
		span := l.wanted()
		if span == 0 {
			parked = true
			continue
		}
		looks++
		paid := comes(parked) < span
		if l.judge(paid); !paid {
			missed++
		}
		parked = !paid
	}
	return looks, missed
}

func after(ns int64) func(bool) int64 { return func(bool) int64 { return ns } }

// Looking goes on where messages follow one another within the time that it takes.
func TestLookingPays(t *testing.T) {
	l := looksWhileItPays()
	if looks, missed := spend(&l, 1000, after(15_000)); looks != 1000 || missed != 0 {
		t.Errorf("%d looks in 1000 waits, %d in vain: want 1000, 0", looks, missed)
	}
}

// A message now and then, such as every millisecond, costs what it does when nobody
// looks.
func TestLookingInVain(t *testing.T) {
	l := looksWhileItPays()
	spend(&l, 1000, after(1_000_000))
	if looks, _ := spend(&l, 100_000, after(1_000_000)); looks > 800 {
		t.Errorf("%d looks in 100,000 waits: want less than one in a hundred", looks)
	}
}

// However long there was nothing to look for, looking begins soon after it would pay,
// also where peers that meet a leader that has parked wait longer than others.
func TestLookingBegins(t *testing.T) {
	l := looksWhileItPays()
	spend(&l, 100_000, after(1_000_000))
	behindPark := func(parked bool) int64 {
		if parked {
			return 30_000
		}
		return 10_000
	}
	spend(&l, 3*maxRest, func(bool) int64 { return behindPark(false) })
	if looks, missed := spend(&l, 1000, behindPark); looks != 1000 || missed > 1 {
		t.Errorf("%d looks in 1000 waits, %d in vain: want 1000, at most 1", looks, missed)
	}
}

// Where most looks would be in vain, hardly more is spent than without any.
func TestLookingSeldomPays(t *testing.T) {
	l := looksWhileItPays()
	n := 0
	looks, _ := spend(&l, 10_000, func(bool) int64 {
		if n++; n%3 == 0 {
			return 10_000
		}
		return 100_000
	})
	if looks > 1000 {
		t.Errorf("%d looks in 10,000 waits, of which a third would pay: want few", looks)
	}
}

func TestLookingRule(t *testing.T) {
	ns := func(d time.Duration) *int64 { n := int64(d); return &n }
	for _, test := range []struct {
		name       string
		asked      *int64
		processors int
		want       int64 // the span of every wait in vain, or -1 if it changes
	}{
		{"default", nil, 2, -1},
		{"one processor", nil, 1, 0},
		{"Spin(0)", ns(0), 2, 0},
		{"Spin(1ms)", ns(time.Millisecond), 2, 1_000_000},
		{"Spin(1ms), one processor", ns(time.Millisecond), 1, 1_000_000},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLooking(test.asked, test.processors)
			spans := map[int64]bool{}
			for range 100 {
				span := l.wanted()
				if spans[span] = true; span > 0 {
					l.judge(false)
				}
			}
			if test.want >= 0 && (len(spans) != 1 || !spans[test.want]) {
				t.Errorf("looks for %v ns: want %d always", spans, test.want)
			}
			if test.want < 0 && (!spans[0] || !spans[lookSpan]) {
				t.Errorf("looks for %v ns: want now none, now %d", spans, lookSpan)
			}
		})
	}
	if processors() < 1 {
		t.Errorf("the system has %d processors", processors())
	}
}

// A quiet kernel is a backend that counts, and on which nothing ever happens. Its clock
// goes on by a microsecond with each look.
type quiet struct {
	host         backend.Host
	now          int64
	looks, parks int
	parked, wake chan struct{}
	still        bool // the clock stands still

	backend.Backend // nothing else is called
}

func (q *quiet) Name() string { return "quiet" }
func (q *quiet) Now() int64   { return q.now }
func (q *quiet) Wake()        { q.wake <- struct{}{} }
func (q *quiet) Shutdown()    {}
func (q *quiet) Poll(wait time.Duration) {
	if wait == 0 {
		q.looks++
		if !q.still {
			q.now += 1000
		}
		return
	}
	q.parks++
	q.parked <- struct{}{}
	<-q.wake
	q.host.Awake()
}

// runQuiet runs a proactor on a quiet kernel until the n-th time that it has parked, each
// of which a post ends.
func runQuiet(t *testing.T, l looking, n int, prepare func(*Proactor)) *quiet {
	t.Helper()
	return runOn(t, new(quiet), l, n, prepare)
}

// runOn is runQuiet on a given kernel.
func runOn(t *testing.T, q *quiet, l looking, n int, prepare func(*Proactor)) *quiet {
	t.Helper()
	q.parked, q.wake = make(chan struct{}), make(chan struct{}, 1)
	p, err := New(SingleRunner(), WithCustomBackend(func(h backend.Host) (backend.Backend, error) {
		q.host = h
		return q, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	p.looks, p.looking, p.yielding = true, l, newYielding()
	defer p.Hold().Release()
	prepare(p)
	ended := make(chan error)
	go func() { ended <- p.Run(context.Background()) }()
	for i := range n {
		<-q.parked
		if i == n-1 {
			p.Stop()
		} else {
			ops.Post(p, ops.HandlerFunc(func(int, error) {}))
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return q
}

// A proactor with nothing to do parks and looks at nothing meanwhile, with a timer far
// away or without, and hardly looks before it does.
func TestIdleIsIdle(t *testing.T) {
	const waits = 2000
	for name, prepare := range map[string]func(*Proactor){
		"nothing": func(*Proactor) {},
		"a timer": func(p *Proactor) { p.NewTimer().Wait(time.Hour, ops.HandlerFunc(func(int, error) {})) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, test := range []struct {
				name  string
				l     looking
				limit int
			}{
				{"adaptive", looksWhileItPays(), 2*waits + 30*lookSpan/1000},
				{"one processor", looksNever(), 2 * waits},
				{"Spin(0)", looksNever(), 2 * waits},
			} {
				q := runQuiet(t, test.l, waits, prepare)
				if q.parks != waits || q.looks > test.limit {
					t.Errorf("%s: %d looks and %d parks in %d waits: want at most %d, %d", test.name, q.looks, q.parks, waits, test.limit, waits)
				}
			}
		})
	}
}

// Where the clock stands still a look for some time ends all the same, and where it goes on
// it takes the whole time.
func TestLookOfStandingClock(t *testing.T) {
	const waits, span = 10, 5_000_000
	for _, test := range []struct {
		still bool
		want  int // looks for each wait; one comes before them
	}{
		{true, 1 + maxStill},
		{false, 1 + span/1000},
	} {
		q := runOn(t, &quiet{still: test.still}, looksAlways(span), waits, func(*Proactor) {})
		if q.parks != waits || q.looks/waits != test.want {
			t.Errorf("still=%v: %d looks in %d parks, want %d for each", test.still, q.looks, q.parks, test.want)
		}
	}
}

// A post that comes while the leader looks ends the look, and wakes nobody.
func TestLookEndsWithPost(t *testing.T) {
	var looking atomic.Bool
	q := &quiet{parked: make(chan struct{}), wake: make(chan struct{}, 1)}
	span := int64(time.Hour)
	p, err := New(SingleRunner(), Spin(time.Duration(span)), WithCustomBackend(func(h backend.Host) (backend.Backend, error) {
		q.host = h
		return &telling{q, &looking}, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	hold := p.Hold()
	done := make(chan struct{})
	go func() {
		for !looking.Load() {
			time.Sleep(time.Microsecond)
		}
		ops.Post(p, ops.HandlerFunc(func(int, error) { hold.Release(); close(done) }))
	}()
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-done
	if q.parks != 0 {
		t.Errorf("it parked %d times", q.parks)
	}
}

// telling tells that it was looked at.
type telling struct {
	*quiet
	looked *atomic.Bool
}

func (b *telling) Poll(wait time.Duration) {
	b.looked.Store(true)
	b.quiet.Poll(wait)
}
