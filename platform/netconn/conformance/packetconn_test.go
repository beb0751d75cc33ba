package conformance

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/netconn"
)

// TestPacketConn has for a net.PacketConn what package nettest has for a net.Conn, and has
// not for packets. That of package net is tested too, to see that it asks no more.
func TestPacketConn(t *testing.T) {
	t.Run("net", func(t *testing.T) {
		testPacketConn(t, func(t *testing.T) *packets {
			listen := func() (net.PacketConn, error) { return net.ListenPacket("udp4", "127.0.0.1:0") }
			return newPackets(t, listen, time.Now, func() bool { return true })
		})
	})
	for name, open := range worlds {
		t.Run(name, func(t *testing.T) {
			testPacketConn(t, func(t *testing.T) *packets {
				p := run(t, open)
				listen := func() (net.PacketConn, error) { return netconn.ListenPacket(p, "udp4", "127.0.0.1:0") }
				return newPackets(t, listen, p.Now, func() bool {
					return p.Stats().Outstanding[ops.KindReadFrom] == 1
				})
			})
		})
	}
}

// patience is how long a check waits for what should come at once.
const patience = 30 * time.Second

// packets are two sockets.
type packets struct {
	*testing.T
	a, b    net.PacketConn
	now     func() time.Time // the clock of the deadlines
	reading func() bool      // whether a read waits for a packet, or true where nobody knows
}

func newPackets(t *testing.T, listen func() (net.PacketConn, error), now func() time.Time, reading func() bool) *packets {
	s := &packets{T: t, now: now, reading: reading}
	for _, c := range []*net.PacketConn{&s.a, &s.b} {
		opened, err := listen()
		if err != nil {
			t.Fatal(err)
		}
		*c = opened
		t.Cleanup(func() { opened.Close() })
	}
	return s
}

func testPacketConn(t *testing.T, open func(*testing.T) *packets) {
	for name, check := range map[string]func(*packets){
		"Boundaries":        boundaries,
		"PingPong":          pingPong,
		"RacyRead":          racyRead,
		"RacyWrite":         racyWrite,
		"ReadTimeout":       readTimeout,
		"WriteTimeout":      writeTimeout,
		"PastTimeout":       pastTimeout,
		"PresentTimeout":    presentTimeout,
		"FutureTimeout":     futureTimeout,
		"MovedTimeout":      movedTimeout,
		"Close":             closeEndsReads,
		"ConcurrentReads":   concurrentReads,
		"ConcurrentMethods": concurrentMethods,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			// A check that hangs fails, and its sockets are closed, which ends its calls.
			watch := time.AfterFunc(patience, func() {
				t.Errorf("the check has not ended for %v", patience)
				s.a.Close()
				s.b.Close()
			})
			defer watch.Stop()
			check(s)
		})
	}
}

// longAgo is a deadline that has passed on every clock.
var longAgo = time.Unix(1, 0)

// boundaries has each packet arrive as it was sent, from where it was, or as much of it as
// there is room for.
func boundaries(s *packets) {
	packet := bytes.Repeat([]byte("heirloom"), 1024)
	buf := make([]byte, len(packet)+1)
	for _, size := range []int{0, 1, 512, 1473, len(packet)} {
		if n, err := s.a.WriteTo(packet[:size], s.b.LocalAddr()); n != size || err != nil {
			s.Fatalf("WriteTo of %d bytes: %d, %v", size, n, err)
		}
		n, from, err := s.b.ReadFrom(buf)
		if !bytes.Equal(buf[:n], packet[:size]) || err != nil {
			s.Errorf("ReadFrom of %d bytes: %d, %v", size, n, err)
		}
		if _, ok := from.(*net.UDPAddr); !ok || from.String() != s.a.LocalAddr().String() {
			s.Errorf("the sender of %d bytes is %#v, not %v", size, from, s.a.LocalAddr())
		}
	}
	if runtime.GOOS == "windows" { // where package net says that there was more
		return
	}
	for _, text := range []string{"long", "x"} {
		if _, err := s.a.WriteTo([]byte(text), s.b.LocalAddr()); err != nil {
			s.Fatal(err)
		}
		n, _, err := s.b.ReadFrom(buf[:2])
		if want := text[:min(2, len(text))]; string(buf[:n]) != want || err != nil {
			s.Errorf("with room for 2 bytes, %q is %q, %v", text, buf[:n], err)
		}
	}
}

// pingPong has a number go there and back, and grow.
func pingPong(s *packets) {
	const last = 1000
	play := func(c net.PacketConn) error {
		buf := make([]byte, 8)
		for before := uint64(0); ; {
			n, from, err := c.ReadFrom(buf)
			if n != 8 || err != nil {
				return fmt.Errorf("ReadFrom: %d, %v", n, err)
			}
			v := binary.LittleEndian.Uint64(buf)
			if before != 0 && v != before+2 {
				return fmt.Errorf("got %d after %d", v, before)
			}
			before = v
			if v > last {
				return nil
			}
			binary.LittleEndian.PutUint64(buf, v+1)
			if _, err := c.WriteTo(buf, from); err != nil || v == last {
				return err
			}
		}
	}
	var players sync.WaitGroup
	for _, c := range []net.PacketConn{s.a, s.b} {
		players.Go(func() {
			if err := play(c); err != nil {
				s.Error(err)
			}
		})
	}
	if _, err := s.a.WriteTo(make([]byte, 8), s.b.LocalAddr()); err != nil {
		s.Error(err)
	}
	players.Wait()
}

// racyRead writes to a buffer as soon as the read which had it has timed out.
func racyRead(s *packets) {
	var all sync.WaitGroup
	defer all.Wait()
	deadline := func() { s.a.SetReadDeadline(s.now().Add(time.Millisecond)) }
	deadline()
	all.Go(func() {
		for range 200 {
			s.b.WriteTo(make([]byte, 512), s.a.LocalAddr())
		}
	})
	for range 10 {
		all.Go(func() {
			buf, other := make([]byte, 1024), make([]byte, 1024)
			for range 20 {
				_, _, err := s.a.ReadFrom(buf)
				copy(buf, other)
				if err != nil {
					s.timeout("ReadFrom", err)
					deadline()
				}
			}
		})
	}
}

// racyWrite writes to a buffer as soon as the write which had it has returned.
func racyWrite(s *packets) {
	var all sync.WaitGroup
	defer all.Wait()
	deadline := func() { s.a.SetWriteDeadline(s.now().Add(time.Millisecond)) }
	deadline()
	for range 10 {
		all.Go(func() {
			buf, other := make([]byte, 512), make([]byte, 512)
			for range 100 {
				_, err := s.a.WriteTo(buf, s.b.LocalAddr())
				copy(buf, other)
				if err != nil {
					s.timeout("WriteTo", err)
					deadline()
				}
			}
		})
	}
}

// readTimeout has the deadline of reads leave writes alone.
func readTimeout(s *packets) {
	s.a.SetReadDeadline(longAgo)
	s.mustTimeOut(s.a)
	s.send(s.a, s.b)
	s.receive(s.b, s.a)
}

// writeTimeout has the deadline of writes leave reads alone.
func writeTimeout(s *packets) {
	s.a.SetWriteDeadline(longAgo)
	n, err := s.a.WriteTo([]byte("x"), s.b.LocalAddr())
	s.timeout("WriteTo", err)
	if n != 0 {
		s.Errorf("WriteTo has written %d bytes", n)
	}
	s.send(s.b, s.a)
	s.receive(s.a, s.b)
}

// pastTimeout has a deadline end calls at once, even if there is a packet, and be lifted.
func pastTimeout(s *packets) {
	s.send(s.b, s.a)
	s.a.SetDeadline(longAgo)
	_, err := s.a.WriteTo([]byte("x"), s.b.LocalAddr())
	s.timeout("WriteTo", err)
	s.mustTimeOut(s.a)
	s.a.SetDeadline(time.Time{})
	s.receive(s.a, s.b) // it was not lost
	s.roundTrip()
}

// presentTimeout has a deadline in the past end reads that wait.
func presentTimeout(s *packets) {
	for range 20 {
		reads := s.waiting(3)
		s.a.SetReadDeadline(longAgo)
		for range 3 {
			s.timeout("ReadFrom", <-reads)
		}
		s.a.SetReadDeadline(time.Time{})
	}
	s.roundTrip()
}

// futureTimeout has a deadline end reads when it comes, and not before.
func futureTimeout(s *packets) {
	end := s.now().Add(20 * time.Millisecond)
	s.a.SetReadDeadline(end)
	s.mustTimeOut(s.a)
	if now := s.now(); now.Before(end) {
		s.Errorf("ReadFrom has timed out %v before its deadline", end.Sub(now))
	}
	s.mustTimeOut(s.a) // and those that come after it
	s.a.SetReadDeadline(time.Time{})
	s.roundTrip()
}

// movedTimeout moves the deadline of reads that wait: nearer, and further away.
func movedTimeout(s *packets) {
	s.a.SetReadDeadline(s.now().Add(time.Hour))
	reads := s.waiting(2)
	s.a.SetReadDeadline(s.now().Add(time.Millisecond))
	for range 2 {
		s.timeout("ReadFrom", <-reads)
	}
	s.a.SetReadDeadline(time.Time{})
	reads = s.waiting(1)
	s.a.SetReadDeadline(s.now().Add(time.Hour))
	s.a.SetReadDeadline(time.Time{})
	s.send(s.b, s.a)
	if err := <-reads; err != nil && !errors.Is(err, os.ErrDeadlineExceeded) { // where an hour takes no time
		s.Errorf("ReadFrom whose deadline was moved away: %v", err)
	}
}

// closeEndsReads has Close end reads that wait, and all calls that come later.
func closeEndsReads(s *packets) {
	reads := s.waiting(3)
	if err := s.a.Close(); err != nil {
		s.Errorf("Close: %v", err)
	}
	for range 3 {
		s.closed("a ReadFrom that waits", <-reads)
	}
	_, _, err := s.a.ReadFrom(make([]byte, 1))
	s.closed("ReadFrom", err)
	_, err = s.a.WriteTo([]byte("x"), s.b.LocalAddr())
	s.closed("WriteTo", err)
	s.closed("SetDeadline", s.a.SetDeadline(time.Time{}))
	s.closed("SetReadDeadline", s.a.SetReadDeadline(time.Time{}))
	s.closed("SetWriteDeadline", s.a.SetWriteDeadline(time.Time{}))
	s.closed("Close", s.a.Close())
	if s.a.LocalAddr() == nil {
		s.Error("the address is forgotten")
	}
}

// concurrentReads has each of many packets reach one of many readers, once and whole. A
// writer waits until its packet has arrived, so that there is room for all of them.
func concurrentReads(s *packets) {
	const writers, each = 8, 100
	arrived := [writers]chan uint64{}
	var writing, reading sync.WaitGroup
	for i := range arrived {
		arrived[i] = make(chan uint64, 1)
	}
	for i := range arrived {
		writing.Go(func() {
			packet := make([]byte, 256)
			for n := range uint64(each) {
				for j := 0; j < len(packet); j += 16 {
					binary.LittleEndian.PutUint64(packet[j:], uint64(i))
					binary.LittleEndian.PutUint64(packet[j+8:], n)
				}
				if _, err := s.a.WriteTo(packet, s.b.LocalAddr()); err != nil {
					s.Error(err)
					return
				}
				select {
				case got := <-arrived[i]:
					if got != n {
						s.Errorf("packet %d of writer %d is %d", n, i, got)
						return
					}
				case <-time.After(patience):
					s.Errorf("packet %d of writer %d has not arrived", n, i)
					return
				}
			}
		})
		reading.Go(func() {
			packet := make([]byte, 512)
			for {
				n, _, err := s.b.ReadFrom(packet)
				if errors.Is(err, net.ErrClosed) {
					return
				}
				if n != 256 || err != nil || !bytes.Equal(packet[:n], bytes.Repeat(packet[:16], 16)) {
					s.Errorf("ReadFrom: %d, %v, or the packet is several", n, err)
					return
				}
				if writer := binary.LittleEndian.Uint64(packet); writer < writers {
					arrived[writer] <- binary.LittleEndian.Uint64(packet[8:])
				}
			}
		})
	}
	writing.Wait()
	s.b.Close()
	reading.Wait()
}

// concurrentMethods calls everything at once. What comes of it is nobody's business, but for
// the race detector; afterwards the socket serves as before.
func concurrentMethods(s *packets) {
	var echo, all sync.WaitGroup
	echo.Go(func() {
		buf := make([]byte, 64)
		for {
			n, from, err := s.b.ReadFrom(buf)
			if err != nil {
				return
			}
			s.b.WriteTo(buf[:n], from)
		}
	})
	for range 100 {
		for _, call := range []func(){
			func() { s.a.ReadFrom(make([]byte, 64)) },
			func() { s.a.WriteTo([]byte("some"), s.b.LocalAddr()) },
			func() { s.a.SetDeadline(s.now().Add(10 * time.Millisecond)) },
			func() { s.a.SetReadDeadline(longAgo) },
			func() { s.a.SetWriteDeadline(longAgo) },
			func() { s.a.LocalAddr() },
		} {
			all.Go(call)
		}
	}
	all.Wait()
	s.a.SetDeadline(time.Time{})
	last := func() {
		if _, err := s.a.WriteTo([]byte("the last"), s.b.LocalAddr()); err != nil {
			s.Errorf("WriteTo: %v", err)
		}
		s.a.SetReadDeadline(s.now().Add(10 * time.Millisecond))
	}
	last()
	for buf := make([]byte, 64); ; { // until what was on its way has come
		n, _, err := s.a.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) { // there was no room for it
			last()
			continue
		}
		if err != nil {
			s.Errorf("ReadFrom: %v", err)
			break
		}
		if string(buf[:n]) == "the last" {
			break
		}
	}
	s.b.Close()
	echo.Wait()
}

// waiting starts reads of a, and returns when the first waits, as far as that can be known;
// netconn starts the others after it. Their errors will be in the channel.
func (s *packets) waiting(n int) (reads chan error) {
	s.Helper()
	reads = make(chan error, n)
	for range n {
		go func() {
			_, _, err := s.a.ReadFrom(make([]byte, 64))
			reads <- err
		}()
	}
	for !s.reading() && len(reads) == 0 {
		runtime.Gosched()
	}
	return reads
}

// mustTimeOut reads from c, which must time out.
func (s *packets) mustTimeOut(c net.PacketConn) {
	s.Helper()
	n, from, err := c.ReadFrom(make([]byte, 64))
	s.timeout("ReadFrom", err)
	if n != 0 || from != nil {
		s.Errorf("ReadFrom has timed out with %d bytes from %v", n, from)
	}
}

// timeout fails the test unless err is what a deadline ends a call with.
func (s *packets) timeout(what string, err error) {
	s.Helper()
	if e, ok := err.(net.Error); !ok || !e.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
		s.Errorf("%s: %v (%T), want a net.Error that is a timeout", what, err, err)
	}
}

// closed fails the test unless err is what a call of a closed socket ends with.
func (s *packets) closed(what string, err error) {
	s.Helper()
	if _, ok := err.(net.Error); !ok || !errors.Is(err, net.ErrClosed) {
		s.Errorf("%s: %v (%T), want net.ErrClosed in a net.Error", what, err, err)
	}
}

func (s *packets) send(from, to net.PacketConn) {
	s.Helper()
	if n, err := from.WriteTo([]byte("some"), to.LocalAddr()); n != 4 || err != nil {
		s.Errorf("WriteTo: %d, %v", n, err)
	}
}

func (s *packets) receive(c, from net.PacketConn) {
	s.Helper()
	buf := make([]byte, 64)
	n, sender, err := c.ReadFrom(buf)
	if string(buf[:n]) != "some" || err != nil || sender.String() != from.LocalAddr().String() {
		s.Errorf("ReadFrom: %q from %v, %v", buf[:n], sender, err)
	}
}

func (s *packets) roundTrip() {
	s.Helper()
	s.send(s.a, s.b)
	s.receive(s.b, s.a)
	s.send(s.b, s.a)
	s.receive(s.a, s.b)
}
