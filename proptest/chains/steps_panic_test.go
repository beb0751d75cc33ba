package chains

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// exiting is a program whose handlers end one goroutine after another.
func exiting(runners int) Program {
	exit := Step{Kind: "panic", Exit: true}
	return Program{Runners: runners, Chains: []Chain{
		{Name: "one", Steps: []Step{exit, {Kind: "wait", Pause: 50}, exit, {Kind: "panic"}, {Kind: "post"}}},
		{Name: "other", Strand: true, Steps: []Step{exit, exit, {Kind: "sync"}, exit}},
	}}
}

// TestExit says that a program comes to its end although handlers end their goroutines, on
// every backend and on the simulated platform, with one runner and with several.
func TestExit(t *testing.T) {
	for name, open := range backends(t) {
		for runners := range 4 {
			t.Run(fmt.Sprint(name, "/", runners), func(t *testing.T) {
				report, err := Run(exiting(runners), open)
				if err != nil {
					t.Fatal(err)
				}
				if len(report.Violations) > 0 {
					t.Fatal(report)
				}
			})
		}
	}
	for runners := range 4 {
		for seed := range uint64(20) {
			report, err := RunSimulated(exiting(runners), Seed(seed))
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Violations) > 0 {
				t.Fatalf("with %d runners and seed %d:\n%s", runners, seed, report)
			}
		}
	}
}

// A forgetful layer marks that a handler is being called. It takes the mark away when the
// handler returns, and when it panics, but not when it ends the goroutine.
type forgetful struct {
	ops.Handler
	calling *bool
}

func (f *forgetful) Complete(n int, err error) {
	if *f.calling {
		panic("the mark was forgotten")
	}
	*f.calling = true
	defer func() {
		if v := recover(); v != nil {
			*f.calling = false
			panic(v)
		}
	}()
	f.Handler.Complete(n, err)
	*f.calling = false
}

func (f *forgetful) Unwrap() ops.Handler { return f.Handler }

// TestExitFinds says that a layer is found out which can bear a panic of a handler, and not the
// end of its goroutine, and that little more than this is left of the program.
func TestExitFinds(t *testing.T) {
	temporaryIn(t, scratch(t))
	testflag.Set(t, "rapid.seed", "1")
	testflag.Set(t, "rapid.checks", "500") // with -short a fifth of it
	out := failing(t, func(tb testing.TB) {
		marks := make(map[*run]*bool)
		Simulated(tb, Runners(1), Wrapping(func(h ops.Handler) ops.Handler {
			r := chainOf(h).run
			if marks[r] == nil {
				marks[r] = new(bool)
			}
			return &forgetful{h, marks[r]}
		}))
	})
	if !strings.Contains(out, "the mark was forgotten") {
		t.Fatalf("it says\n%s", out)
	}
	by, err := Replay(lastToken(t, out))
	if err != nil {
		t.Fatal(err)
	}
	if p := draw(by, 1); p.steps() > 2 || !p.exits() {
		t.Errorf("left is\n%s", p)
	}
}

// TestExitUnplanned says that who runs a program is not kept from ending their goroutine in a
// handler, as testing.T.FailNow does, even if the program does so too.
func TestExitUnplanned(t *testing.T) {
	returned, ended := false, make(chan struct{})
	go func() {
		defer close(ended)
		calls := 0
		RunSimulated(exiting(1), Seed(1), Wrapping(func(h ops.Handler) ops.Handler {
			return &falsified{Handler: h, complete: func(n int, err error) {
				if calls++; calls == 3 {
					runtime.Goexit()
				}
				h.Complete(n, err)
			}}
		}))
		returned = true
	}()
	<-ended
	if returned {
		t.Error("RunSimulated has returned")
	}
}

// TestExitUnplannedBesideOthers says that a goroutine that a layer ends is not followed by
// another one, and that those that steps end are, before and after.
func TestExitUnplannedBesideOthers(t *testing.T) {
	for at := int64(1); at <= 10; at++ {
		var calls atomic.Int64
		report, err := Run(exiting(3), platform.New, Wrapping(func(h ops.Handler) ops.Handler {
			return &falsified{Handler: h, complete: func(n int, err error) {
				if calls.Add(1) == at {
					defer runtime.Goexit()
				}
				h.Complete(n, err)
			}}
		}))
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Violations) > 0 {
			t.Fatalf("ended in call %d:\n%s", at, report)
		}
	}
}
