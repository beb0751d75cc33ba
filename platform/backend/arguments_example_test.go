package backend_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A quiet one listens, too, and says nothing when a socket is closed.
type quiet struct{ *void }

func newQuiet() quiet { return quiet{&void{start: time.Now(), wake: make(chan struct{}, 1)}} }

func (quiet) Listen(*backend.Socket, string, string, backend.ListenOptions) error       { return nil }
func (quiet) ListenPacket(*backend.Socket, string, string, backend.ListenOptions) error { return nil }
func (quiet) CloseSocket(*backend.Socket) error                                         { return nil }

// on returns a proactor that works on a backend.
func on(b backend.Backend) *platform.Proactor {
	p, err := platform.New(platform.WithCustomBackend(func(backend.Host) (backend.Backend, error) { return b, nil }))
	fatal(err)
	return p
}

// said is a handler that prints what it is called with.
func said(what string) ops.Handler {
	return ops.HandlerFunc(func(n int, err error) { fmt.Println(what, n, err) })
}

// A busy backend has another client whenever one is accepted.
type busy struct{ quiet }

func (b busy) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind != ops.KindAccept {
		return b.quiet.Start(s, op)
	}
	backend.Accepted(op).Sys = new(voidSocket)
	return true
}

// The backend knows the socket of a connection before its listener's operation ends.
func ExampleAccepted() {
	p := on(busy{newQuiet()})
	defer p.Close()
	l, err := p.Listen("tcp", "192.0.2.1:80")
	fatal(err)
	var c platform.Conn
	l.Accept(&c, ops.HandlerFunc(func(_ int, err error) {
		fmt.Println("accepted:", err)
		c.Write([]byte("hello"), said("written:"))
	}))
	fatal(p.Run(context.Background()))
	// Output:
	// accepted: <nil>
	// written: 5 <nil>
}

// A mirror is a network that sends each packet back.
type mirror struct {
	quiet
	peer    netip.AddrPort // of the socket, if it is connected
	packets []backend.Packet
}

func (m *mirror) ConnectPacket(_ *backend.Socket, to netip.AddrPort) error {
	m.peer = to
	return nil
}

func (m *mirror) EnablePacketInfo(*backend.Socket) error { return nil }

func (m *mirror) send(b []byte, to netip.AddrPort) int {
	if !to.IsValid() {
		to = m.peer
	}
	m.packets = append(m.packets, backend.Packet{Buf: bytes.Clone(b), Peer: to})
	return len(b)
}

// receive says for how long b is too short, too.
func (m *mirror) receive(b []byte) (n int, from netip.AddrPort, truncated bool) {
	first := m.packets[0]
	m.packets = m.packets[1:]
	n = copy(b, first.Buf)
	return n, first.Peer, n < len(first.Buf)
}

func (m *mirror) Start(s *backend.Socket, op *ops.Operation) bool {
	switch op.Kind {
	case ops.KindWriteTo:
		op.N = m.send(op.Buf, backend.Addr(op))
	case ops.KindReadFrom:
		n, from, truncated := m.receive(op.Buf)
		backend.SetSender(op, from)
		if op.N = n; truncated {
			op.Err = io.ErrShortBuffer
		}
	case ops.KindWriteBatch:
		packets := backend.Packets(op)
		for i := range packets {
			packets[i].N = m.send(packets[i].Buf, packets[i].Peer)
		}
		op.N = len(packets)
	case ops.KindReadBatch:
		packets := backend.Packets(op)
		op.N = min(len(packets), len(m.packets))
		for i := range packets[:op.N] {
			x := &packets[i]
			x.N, x.Peer, x.Truncated = m.receive(x.Buf)
		}
	default:
		return m.quiet.Start(s, op)
	}
	return true
}

// A packet has an address: that of its receiver or its sender.
func ExampleAddr() {
	p := on(&mirror{quiet: newQuiet()})
	defer p.Close()
	c, err := p.ListenPacket("udp", "192.0.2.1:9")
	fatal(err)
	var from netip.AddrPort
	c.WriteTo([]byte("hello"), netip.MustParseAddrPort("192.0.2.7:53"), ops.HandlerFunc(func(int, error) {
		c.ReadFrom(make([]byte, 3), &from, said("read:"))
	}))
	fatal(p.Run(context.Background()))
	fmt.Println("from", from)
	// Output:
	// read: 3 short buffer
	// from 192.0.2.7:53
}

// A PacketNetwork connects a socket, and reports more about each packet, in place of the
// kernel.
func ExamplePacketNetwork() {
	p := on(&mirror{quiet: newQuiet()})
	defer p.Close()
	c, err := p.ConnectPacket("udp", "192.0.2.7:53")
	fatal(err)
	answers := []platform.Packet{{Buf: make([]byte, 100)}, {Buf: make([]byte, 100)}, {Buf: make([]byte, 100)}}
	c.WriteBatch([]platform.Packet{{Buf: []byte("who?")}, {Buf: []byte("where?")}}, ops.HandlerFunc(func(n int, err error) {
		fmt.Println("sent:", n, err)
		c.ReadBatch(answers, said("read:"))
	}))
	fatal(p.Run(context.Background()))
	for _, a := range answers[:2] {
		fmt.Printf("%s from %v\n", a.Buf[:a.N], a.Peer)
	}
	// Output:
	// sent: 2 <nil>
	// read: 2 <nil>
	// who? from 192.0.2.7:53
	// where? from 192.0.2.7:53
}

// An eager backend writes lists of buffers and files, whole and at once.
type eager struct{ quiet }

// TakeFile has the file's length stand for what is in it.
func (eager) TakeFile(s *backend.Socket, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s.Sys = info.Size()
	return f.Close()
}

func (e eager) Start(s *backend.Socket, op *ops.Operation) bool {
	switch op.Kind {
	case ops.KindWriteVectored:
		for _, b := range backend.Buffers(op) {
			op.N += len(b)
		}
	case ops.KindSendFile:
		size := backend.SourceFile(op).Sys.(int64)
		for {
			offset, most := backend.NextPart(op, 64<<10) // as much as it passes on in one call
			n := min(int64(most), size-offset)
			fmt.Println("part:", n)
			if backend.Sent(op, int(n)) {
				break
			}
		}
	default:
		return e.quiet.Start(s, op)
	}
	return true
}

// The pieces of a message are a list of buffers.
func ExampleBuffers() {
	p := on(eager{newQuiet()})
	defer p.Close()
	var c platform.Conn
	p.Connect(&c, "tcp", "192.0.2.1:80", ops.HandlerFunc(func(int, error) {
		ops.WriteVectoredFull(&c, [][]byte{[]byte("head, "), []byte("body")}, said("written:"))
	}))
	fatal(p.Run(context.Background()))
	// Output: written: 10 <nil>
}

// A file is sent in parts, and Sent keeps count of them.
func ExampleSent() {
	p := on(eager{newQuiet()})
	defer p.Close()
	temp, err := os.CreateTemp("", "page")
	fatal(err)
	defer os.Remove(temp.Name())
	fatal(temp.Truncate(100_000))
	fatal(temp.Close())
	page, err := p.OpenFile(temp.Name(), os.O_RDONLY, 0)
	fatal(err)

	var c platform.Conn
	p.Connect(&c, "tcp", "192.0.2.1:80", ops.HandlerFunc(func(int, error) {
		c.SendFile(page, 10_000, -1, said("sent:"))
	}))
	fatal(p.Run(context.Background()))
	// Output:
	// part: 65536
	// part: 24464
	// part: 0
	// sent: 90000 <nil>
}

// With each part that is sent, less of a file is left.
func ExampleRest() {
	op := new(ops.Operation)
	backend.SetSourceFile(op, new(backend.Socket), 1000, 500)
	for _, n := range []int{200, 300} {
		offset, left := backend.Rest(op)
		fmt.Println("at", offset, "are", left, "bytes left; the end:", backend.Sent(op, n))
	}
	// Output:
	// at 1000 are 500 bytes left; the end: false
	// at 1200 are 300 bytes left; the end: true
}

// A fence is a layer that lets nobody out but to one address. Peers on this host are free.
type fence struct {
	backend.Backend
	to string
}

func (f fence) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind != ops.KindConnect {
		return f.Backend.Start(s, op)
	}
	if _, ok := backend.Path(op); ok { // that is not out
		return f.Backend.Start(s, op)
	}
	network, address := backend.Peer(op)
	fmt.Print(network, " to ", address)
	if from, ok := backend.Source(op); ok {
		fmt.Print(" from ", from)
	}
	if backend.ConnectOptions(op).Delay {
		fmt.Print(", in full packets")
	}
	fmt.Println()
	if address != f.to {
		op.Err = os.ErrPermission
		return true
	}
	return f.Backend.Start(s, op)
}

// A layer decides which peers may be connected to.
func ExamplePeer() {
	world := sim.New(sim.Calm, sim.Alone())
	p, err := platform.New(platform.SingleRunner(), platform.WithCustomBackend(world.Backend),
		platform.WithLayer(func(below backend.Backend) backend.Backend { return fence{below, "10.0.0.2:80"} }))
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "10.0.0.2:80")
	fatal(err)
	defer l.Close()

	d := platform.Dialer{
		LocalAddr:     netip.MustParseAddrPort("10.0.0.1:0"),
		SocketOptions: platform.SocketOptions{Delay: true},
	}
	var inside, outside platform.Conn
	d.Dial(p, &inside, "tcp", "10.0.0.2:80", ops.HandlerFunc(func(_ int, err error) {
		fmt.Println(err)
		p.Connect(&outside, "tcp", "192.0.2.1:80", ops.HandlerFunc(func(_ int, err error) { fmt.Println(err) }))
	}))
	fatal(p.Run(context.Background()))
	// Output:
	// tcp4 to 10.0.0.2:80 from 10.0.0.1:0, in full packets
	// <nil>
	// tcp4 to 192.0.2.1:80
	// dial tcp 192.0.2.1:80: permission denied
}

// headed is a layer over files that begin with a header, which programs do not see.
type headed struct {
	backend.Backend
	header int64
}

func (h headed) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindReadAt || op.Kind == ops.KindWriteAt {
		backend.SetOffset(op, backend.Offset(op)+h.header)
		fmt.Println(op.Kind, backend.Offset(op))
	}
	return h.Backend.Start(s, op)
}

// A layer moves the offsets of reads and writes in files.
func ExampleOffset() {
	world := sim.New(sim.Calm, sim.Alone())
	p, err := platform.New(platform.SingleRunner(), platform.WithCustomBackend(world.Backend),
		platform.WithLayer(func(below backend.Backend) backend.Backend { return headed{below, 4096} }))
	fatal(err)
	defer p.Close()
	f, err := p.OpenFile("/data", os.O_RDWR|os.O_CREATE, 0)
	fatal(err)
	f.WriteAt([]byte("hello"), 0, ops.HandlerFunc(func(int, error) {
		f.ReadAt(make([]byte, 10), 1, said("read:"))
	}))
	fatal(p.Run(context.Background()))
	// Output:
	// write at 4096
	// read at 4097
	// read: 4 <nil>
}

// waits is a layer that knows which sockets the kernel works for, and on which side.
type waits struct {
	backend.Backend
	on map[*backend.Socket][2]int
}

func (w waits) count(op *ops.Operation, n int) {
	s := backend.Target(op)
	sides := w.on[s]
	sides[backend.SideOf(op.Kind)] += n
	w.on[s] = sides
}

func (w waits) Start(s *backend.Socket, op *ops.Operation) bool {
	ended := w.Backend.Start(s, op)
	if !ended {
		w.count(op, 1)
	}
	return ended
}

func (w waits) Cancel(s *backend.Socket, op *ops.Operation) bool {
	gone := w.Backend.Cancel(s, op)
	if gone {
		w.count(op, -1)
	}
	return gone
}

func (w waits) Observe(op *ops.Operation) { w.count(op, -1) }

// An observer gets only the operation, and gets the socket from it.
func ExampleTarget() {
	world := sim.New(sim.Calm, sim.Alone())
	w := waits{on: make(map[*backend.Socket][2]int)}
	p, err := platform.New(platform.SingleRunner(), platform.WithCustomBackend(world.Backend),
		platform.WithLayer(func(below backend.Backend) backend.Backend {
			w.Backend = below
			return w
		}))
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "10.0.0.1:80")
	fatal(err)
	var server, client platform.Conn
	ignore := ops.HandlerFunc(func(int, error) {})
	l.Accept(&server, ignore)
	p.Connect(&client, "tcp", "10.0.0.1:80", ignore)
	show := func() {
		for _, sides := range w.on {
			fmt.Println("reading:", sides[backend.Reading], "writing:", sides[backend.Writing])
		}
	}
	show()
	fatal(p.Run(context.Background()))
	show()
	// Unordered output:
	// reading: 1 writing: 0
	// reading: 0 writing: 1
	// reading: 0 writing: 0
	// reading: 0 writing: 0
}

// A test of a backend starts operations without a proactor, and sets their arguments as a
// proactor does. SetOffset, SetPath and the others are for such tests, and for layers.
func ExampleSetAddr() {
	started := func(b backend.Backend, kind ops.Kind, buf []byte, set func(*ops.Operation)) *ops.Operation {
		op := new(ops.Operation)
		op.Kind, op.Buf = kind, buf
		set(op)
		fmt.Println(kind, b.Start(b.NewSocket(), op), op.N, op.Err)
		return op
	}
	m := &mirror{quiet: newQuiet()}
	to := netip.MustParseAddrPort("192.0.2.7:53")
	var from netip.AddrPort
	started(m, ops.KindWriteTo, []byte("hello"), func(op *ops.Operation) { fatal(backend.SetAddr(op, to)) })
	started(m, ops.KindReadFrom, make([]byte, 5), func(op *ops.Operation) { backend.SetSenderTo(op, &from) })
	fmt.Println("from", from)

	fatal(m.ConnectPacket(nil, to))
	started(m, ops.KindWriteTo, []byte("hello again"), backend.SetConnected)
	packets := []backend.Packet{{Buf: make([]byte, 100)}}
	started(m, ops.KindReadBatch, nil, func(op *ops.Operation) { backend.SetPackets(op, packets) })
	fmt.Println("from", packets[0].Peer)

	e := eager{newQuiet()}
	started(e, ops.KindWriteVectored, nil, func(op *ops.Operation) { backend.SetBuffers(op, [][]byte{[]byte("ab"), []byte("c")}) })
	file := e.NewSocket()
	file.Sys = int64(100)
	started(e, ops.KindSendFile, nil, func(op *ops.Operation) { backend.SetSourceFile(op, file, 90, 10) })

	var c backend.Socket
	started(busy{newQuiet()}, ops.KindAccept, nil, func(op *ops.Operation) { backend.SetAccepted(op, &c) })

	source := netip.MustParseAddrPort("192.0.2.1:0")
	started(fence{Backend: e}, ops.KindConnect, nil, func(op *ops.Operation) {
		fatal(backend.SetAddr(op, to))
		backend.SetSource(op, &source)
		backend.SetConnectOptions(op, &backend.SocketOptions{Delay: true})
	})
	started(fence{Backend: e}, ops.KindConnect, nil, func(op *ops.Operation) { backend.SetPath(op, "/run/service") })
	// Output:
	// write to true 5 <nil>
	// read from true 5 <nil>
	// from 192.0.2.7:53
	// write to true 11 <nil>
	// read batch true 1 <nil>
	// from 192.0.2.7:53
	// write vectored true 3 <nil>
	// part: 10
	// send file true 10 <nil>
	// accept true 0 <nil>
	// tcp4 to 192.0.2.7:53 from 192.0.2.1:0, in full packets
	// connect true 0 permission denied
	// connect true 0 <nil>
}

// can reports whether a backend has a further interface.
func can[I backend.Backend](b backend.Backend) bool {
	_, ok := b.(I)
	return ok
}

// Further interfaces say what a backend can do beyond what every backend must.
func Example_interfaces() {
	show := func(b backend.Backend) backend.Backend {
		fmt.Println("files of the system:", can[backend.FileBackend](b))
		fmt.Println("files of its own:", can[backend.FileSystem](b))
		fmt.Println("packets that need no kernel:", can[backend.PacketNetwork](b))
		fmt.Println("descriptors:", can[backend.Controller](b))
		fmt.Println("sockets of the system, adopted:", can[backend.SocketBackend](b))
		fmt.Println("a network of its own:", can[backend.Isolated](b))
		fmt.Println("a time of its own:", can[backend.Clock](b))
		fmt.Println("signals of its own:", can[backend.Signaler](b))
		fmt.Println("connections that can be reset:", can[backend.Aborter](b))
		fmt.Println("requests that are collected:", can[backend.Flusher](b))
		fmt.Println("streams that are spliced:", can[backend.Splicer](b))
		fmt.Println("an order of goroutines of its own:", can[backend.Conductor](b))
		return b
	}
	p, err := platform.New(platform.WithCustomBackend(sim.New(sim.Calm).Backend), platform.WithLayer(show))
	fatal(err)
	fatal(p.Close())
	// Output:
	// files of the system: false
	// files of its own: true
	// packets that need no kernel: true
	// descriptors: false
	// sockets of the system, adopted: false
	// a network of its own: true
	// a time of its own: true
	// signals of its own: true
	// connections that can be reset: true
	// requests that are collected: false
	// streams that are spliced: false
	// an order of goroutines of its own: true
}

// conducting is a backend that decides how runners wait for one another: here in the usual
// way, and it says so.
type conducting struct{ backend.Backend }

func (conducting) NewCond(l sync.Locker) backend.Cond {
	fmt.Println("a condition that runners wait for")
	return sync.NewCond(l)
}

// A backend that decides which goroutine goes on provides the conditions by which runners
// wait.
func ExampleConductor() {
	w := sim.New(sim.Calm)
	p, err := platform.New(platform.WithCustomBackend(func(h backend.Host) (backend.Backend, error) {
		b, err := w.Backend(h)
		return conducting{b}, err
	}))
	fatal(err)
	fatal(p.Close())
	// Output:
	// a condition that runners wait for
	// a condition that runners wait for
}
