package platform

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// TestDeadlinesMemory follows the proactor's memory for deadlines: there is none before
// the first, and what closed connections had serves others, also when sockets have moved
// in the list of all.
func TestDeadlinesMemory(t *testing.T) {
	p, err := New(SingleRunner())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns [8]Conn
	open := func(i int) {
		must := ops.HandlerFunc(func(_ int, err error) {
			if err != nil {
				t.Error(err)
			}
		})
		l.Accept(&conns[i], must)
		p.Connect(&conns[i+1], "tcp", l.Addr().String(), must)
		p.Run(context.Background())
	}
	count := func(when string, waiting, spare int) {
		t.Helper()
		for d := p.spare; d != nil; d = d.next {
			spare--
		}
		if len(p.timers) != waiting || spare != 0 {
			t.Errorf("%s: %d wait, want %d, and %d too few to spare", when, len(p.timers), waiting, spare)
		}
		for i, s := range p.sockets {
			if has := i < len(p.deadlines) && p.deadlines[i] != nil; has != s.Is(record.Timed) || has && (*socket)(p.deadlines[i].timer.Target) != s {
				t.Errorf("%s: the deadlines of socket %d are not its own", when, i)
			}
		}
	}
	for i := 0; i < len(conns); i += 2 {
		open(i)
	}
	conns[0].SetDeadline(time.Time{})
	conns[1].SetDeadline(time.Unix(1, 0))
	if count("nobody waits", 0, 0); p.deadlines != nil {
		t.Error("there is memory for deadlines that nobody waits for")
	}
	at := time.Now().Add(time.Hour)
	for round, most := range []int{5, 5, 6} {
		for i := range conns {
			if i%3 != round { // some have none
				conns[i].SetReadDeadline(at)
				conns[i].SetWriteDeadline(at.Add(time.Minute))
				conns[i].SetReadDeadline(time.Time{})
			}
		}
		for i := range conns {
			conns[i].Close()
		}
		count("all are closed", 0, most)
		for i := 0; i < len(conns); i += 2 {
			open(i)
		}
		count("all are open again", 0, most)
	}
}

// BenchmarkDeadline sets a deadline for each operation, as net/http does, among others
// that wait. The peer is package net.
func BenchmarkDeadline(b *testing.B) {
	for _, name := range Backends() {
		p, err := New(WithBackend(name), SingleRunner())
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		c, err := p.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		timer := p.NewTimer()
		for i := range 100_000 {
			timer.Wait(time.Duration(i)*time.Second, ops.HandlerFunc(func(int, error) {}))
		}
		b.Run(name, func(b *testing.B) { benchDeadline(b, c.SetReadDeadline) })
	}
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.Run("peer=net", func(b *testing.B) { benchDeadline(b, c.SetReadDeadline) })
}

func benchDeadline(b *testing.B, set func(time.Time) error) {
	at := time.Now().Add(time.Hour)
	b.Run("later", func(b *testing.B) {
		for b.Loop() {
			at = at.Add(time.Microsecond)
			set(at)
		}
	})
	b.Run("removed and set", func(b *testing.B) {
		for b.Loop() {
			set(time.Time{})
			set(at)
		}
	})
	b.Run("earlier", func(b *testing.B) {
		for b.Loop() {
			at = at.Add(-time.Nanosecond)
			set(at)
		}
	})
}
