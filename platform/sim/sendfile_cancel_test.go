package sim_test

import (
	"context"
	"os"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// tooLate has every cancel come too late, and nothing else happen.
type tooLate struct{}

func (tooLate) Choose(_ int, what string) int {
	if what == "cancel comes too late" {
		return 1
	}
	return 0
}

// TestSendFileCanceledLate cancels a file that is being sent, too late for the part that is under
// way. No other follows, though there would be no room for it.
func TestSendFileCanceledLate(t *testing.T) {
	w := sim.New(tooLate{}, sim.WithWeather(sim.Weather{SlowCancel: 1, Capacity: 100}), sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	f, err := p.OpenFile("f", os.O_CREATE|os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nothing := ops.HandlerFunc(func(int, error) {})
	var a, b platform.Conn
	f.WriteAt(make([]byte, 1000), 0, nothing)
	l.Accept(&a, nothing)
	p.Connect(&b, "tcp", l.Addr().String(), nothing)
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	told := 0
	b.SendFile(f, 0, 1000, ops.HandlerFunc(func(n int, err error) {
		told++
		if err != ops.ErrCanceled || n >= 1000 {
			t.Errorf("told %d, %v", n, err)
		}
	}))
	b.Cancel()
	if err := p.Run(context.Background()); err != nil || told != 1 {
		t.Errorf("told %d times; Run: %v", told, err)
	}
}
