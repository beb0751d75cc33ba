package backend

import (
	"io/fs"
	"net"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/ops"
)

// SocketOptions are the options of a stream socket: platform.SocketOptions. A backend uses
// [SocketOptions.KeepAliveConfig] for keep-alive probes.
type SocketOptions struct {
	// Delay turns Nagle's algorithm on: it is the opposite of TCP_NODELAY.
	Delay bool

	// KeepAlive and NoKeepAlive are what KeepAliveConfig combines.
	KeepAlive   net.KeepAliveConfig
	NoKeepAlive bool

	// ReadBuffer and WriteBuffer are the sizes in bytes of the system's buffers. With 0
	// they stay as they are.
	ReadBuffer, WriteBuffer int
}

// KeepAliveConfig returns when probes are sent, as net.TCPConn.SetKeepAliveConfig takes
// it.
func (o *SocketOptions) KeepAliveConfig() net.KeepAliveConfig {
	k := o.KeepAlive
	k.Enable = !o.NoKeepAlive
	return k
}

// ListenOptions says how a listener or a packet socket is opened. The proactor has
// already refused invalid values, and options that the network does not have.
type ListenOptions struct {
	// SocketOptions are the options of accepted connections; for a packet socket,
	// only the sizes of its buffers count.
	SocketOptions

	// Backlog is how many connections may wait to be accepted; with 0 it is as many as
	// the system allows.
	Backlog int

	// ReusePort lets several sockets share a port; the kernel distributes its
	// connections or packets among them.
	ReusePort bool

	// Mode, unless 0, is the permissions of the path of a unix listener.
	Mode fs.FileMode

	// Control, unless nil, is called like that of a net.ListenConfig, after the other
	// options have been set.
	Control func(network, address string, c syscall.RawConn) error
}

// ConnectOptions returns the options of the connection that an operation of
// ops.KindConnect makes.
func ConnectOptions(op *ops.Operation) *SocketOptions {
	if name := (*peerName)(op.Arg); name != nil && name.options != nil {
		return name.options
	}
	return &defaultOptions
}

// defaultOptions are never changed.
var defaultOptions SocketOptions

// SetConnectOptions sets what ConnectOptions returns. It comes after SetPath or
// SetAddr, and o belongs to the operation until it has ended.
func SetConnectOptions(op *ops.Operation, o *SocketOptions) {
	name := (*peerName)(op.Arg)
	if name == nil {
		name = new(peerName)
		setPeerName(op, name)
	}
	name.options = o
}

// A Controller is a Backend whose sockets have descriptors of the system. Only the backend
// below all layers is asked whether it is one. If it is not, setting an option of an open
// socket does nothing, and succeeds.
type Controller interface {
	Backend

	// Control calls f with the descriptor of s, which is open. It is called with the
	// socket locked.
	Control(s *Socket, f func(fd uintptr)) error
}

// A SocketBackend is a Backend that can take over sockets of the system and give them
// away.
type SocketBackend interface {
	Controller

	// Adopt opens s with another descriptor of the socket from, which is a *net.TCPConn
	// or a *net.UnixConn, a listener of either kind, or a *net.UDPConn. It fails if the
	// socket does not have the role. If Adopt succeeds, the proactor closes from.
	Adopt(s *Socket, from syscall.Conn, as Role) error

	// File returns another descriptor of the socket s, which is open.
	File(s *Socket) (*os.File, error)

	// Share says that the program may have made another descriptor of the socket s.
	Share(s *Socket)

	// SetUnlink says whether the path of the unix listener s is removed when it is
	// closed.
	SetUnlink(s *Socket, unlink bool)
}

// A Role is what a socket is used for.
type Role uint8

// What a socket can be adopted for.
const (
	Stream    Role = iota // a stream that is connected
	Listening             // a stream socket that listens
	Datagrams             // a UDP socket that is not connected
)

// An Aborter is a Backend without descriptors that can reset connections.
type Aborter interface {
	Backend

	// Abort makes the CloseSocket that follows reset the connection, which is open.
	Abort(s *Socket)
}
