package portable

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// A worker serves one side of a socket. It has one operation at a time.
type worker struct {
	s     *socket
	queue chan *ops.Operation // of capacity 1; closed with the socket

	// Guarded by the lock of the Socket, as Start and Cancel are.
	started  *ops.Operation     // the last operation that the worker was given
	canceled bool               // the deadline of the side has passed
	hangUp   context.CancelFunc // cancels the connect that is outstanding

	// The worker's own until it has put itself on the list, then the
	// leader's until the next operation.
	op            *ops.Operation
	made          net.Conn    // what op has accepted or connected
	list, sending net.Buffers // of a vectored write
	next          *worker     // in the list
	writer        fileWriter
	control       *descriptor.ControlBuffer
}

func (w *worker) setDeadline(k ops.Kind, at time.Time) {
	switch k {
	case ops.KindRead, ops.KindReadVectored, ops.KindWaitReadable:
		w.s.conn.SetReadDeadline(at)
	case ops.KindWrite, ops.KindWriteVectored, ops.KindSendFile:
		w.s.conn.SetWriteDeadline(at)
	case ops.KindAccept:
		w.s.listener.SetDeadline(at)
	case ops.KindReadFrom, ops.KindReadBatch:
		w.s.packet.SetReadDeadline(at)
	case ops.KindWriteTo, ops.KindWriteBatch:
		w.s.packet.SetWriteDeadline(at)
	}
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// run does what the worker is given until the socket is closed. The context is
// that of a connect.
func (w *worker) run(ctx context.Context, b *Backend) {
	for op := range w.queue {
		var n int
		var err error
		switch op.Kind {
		case ops.KindRead:
			n, err = w.s.conn.Read(op.Buf)
			if n == 0 && err == nil {
				err = io.ErrNoProgress // a read of net never does that
			}
		case ops.KindWaitReadable:
			err = w.s.waitReadable()
		case ops.KindWrite:
			n, err = w.s.conn.Write(op.Buf)
		case ops.KindAccept:
			w.made, err = w.s.listener.Accept()
			if err == nil && w.s.delay {
				delay(w.made)
			}
		case ops.KindConnect:
			w.made, err = dial(ctx, op)
		case ops.KindReadFrom:
			n, err = w.s.readFrom(op)
		case ops.KindWriteTo:
			n, err = w.s.writeTo(op.Buf, backend.Addr(op))
		case ops.KindReadVectored:
			n, err = w.readVectored(op)
		case ops.KindWriteVectored:
			n, err = w.writeVectored(op)
		case ops.KindReadBatch:
			n, err = w.readBatch(op)
		case ops.KindWriteBatch:
			n, err = w.writeBatch(op)
		case ops.KindSendFile:
			n, err = w.sendFile(op)
		default:
			n, err = w.serve(op)
		}
		op.N, op.Err = max(n, 0), reason(err) // some calls of net fail with -1
		w.op = op
		b.finish(w)
	}
}

// dial connects. Package net tries again when a connection meets itself, but not for
// ever.
func dial(ctx context.Context, op *ops.Operation) (net.Conn, error) {
	network, address := backend.Peer(op)
	o := backend.ConnectOptions(op)
	d := net.Dialer{KeepAlive: -1, KeepAliveConfig: o.KeepAliveConfig(), Control: descriptor.BuffersControl(o)}
	if source, ok := backend.Source(op); ok {
		d.LocalAddr = net.TCPAddrFromAddrPort(source)
	}
	c, err := d.DialContext(ctx, network, address)
	if err == nil && network != "unix" && c.LocalAddr().String() == c.RemoteAddr().String() {
		c.Close()
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	if err == nil && o.Delay {
		delay(c)
	}
	return c, err
}

// delay lets the system hold back small writes, which package net tells it not to.
func delay(c net.Conn) {
	if c, ok := c.(*net.TCPConn); ok {
		c.SetNoDelay(false)
	}
}

// readFrom reads a packet.
func (sys *socket) readFrom(op *ops.Operation) (n int, err error) {
	n, _, cut, from, err := receive(sys.packet, op.Buf, nil)
	if err == nil {
		backend.SetSender(op, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
	}
	if cut {
		return len(op.Buf), io.ErrShortBuffer
	}
	return n, err
}

// reason returns an error of package net without the addresses that it prints,
// and that of a call which was cancelled as what a handler is told.
func reason(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.Canceled) {
		return ops.ErrCanceled
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		err = e.Err
	}
	return descriptor.Name(err)
}
