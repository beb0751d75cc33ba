package iocp

import (
	"math"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// TestMilliseconds rounds up, and neither makes a long time short nor waits without end.
func TestMilliseconds(t *testing.T) {
	for wait, want := range map[time.Duration]uint32{
		-1: windows.INFINITE, math.MinInt64: windows.INFINITE,
		0: 0, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2,
		1000 * time.Hour: math.MaxInt32, math.MaxInt64: math.MaxInt32,
	} {
		if got := milliseconds(wait); got != want {
			t.Errorf("%v are %d ms, want %d", wait, got, want)
		}
	}
}

// TestPortShut uses a port that is shut: whoever does says so.
func TestPortShut(t *testing.T) {
	p, err := openPort()
	if err != nil {
		t.Fatal(err)
	}
	p.post(wakes, nil)
	if n := p.get(make([]packet, 2), time.Minute); n != 1 {
		t.Errorf("takes %d packets, want 1", n)
	}
	p.close()
	for name, use := range map[string]func(){
		"GetQueuedCompletionStatusEx": func() { p.get(make([]packet, 1), time.Minute) },
		"PostQueuedCompletionStatus":  func() { p.post(wakes, nil) },
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, name) {
					t.Errorf("%s of a port that is shut: panic %q", name, got)
				}
			}()
			use()
		}()
	}
}

// TestManyPackets takes more packets than there is room for in one call, in the order in
// which they were sent.
func TestManyPackets(t *testing.T) {
	p, err := openPort()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	const all = 3*batch + 1
	for i := range all {
		p.post(uintptr(i), nil)
	}
	room := make([]packet, batch)
	for next := 0; next < all; {
		n := p.get(room, time.Minute)
		if n == 0 {
			t.Fatalf("%d of %d packets have come", next, all)
		}
		for _, packet := range room[:n] {
			if packet.key != uintptr(next) {
				t.Fatalf("packet %d comes as %d", packet.key, next)
			}
			next++
		}
	}
	if n := p.get(room, 0); n != 0 {
		t.Errorf("%d packets too many", n)
	}
}
