package backend

import (
	"io/fs"
	"net"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/ops"
)

// SocketOptions are the options of a stream socket: platform.SocketOptions.
type SocketOptions struct {
	Delay                   bool
	KeepAlive               net.KeepAliveConfig
	NoKeepAlive             bool
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
// refused what is no value, and what the network does not have.
type ListenOptions struct {
	// SocketOptions are those of the connections that are accepted; a packet socket
	// has the sizes of its buffers from them.
	SocketOptions

	// Backlog is how many connections may wait to be accepted; with 0 it is as many as
	// the system allows.
	Backlog int

	// ReusePort lets several sockets have one port, and the kernel deal its
	// connections or packets out to them.
	ReusePort bool

	// Mode, unless 0, is the permissions of the path of a unix listener.
	Mode fs.FileMode

	// Control, unless nil, is called as that of a net.ListenConfig is, after the other
	// options were set.
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

// A Controller is a Backend whose sockets have descriptors of the system. It is asked
// of the backend below all layers; a Backend that is none takes the options of an open
// socket for set.
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

	// Adopt opens s with a descriptor of its own for the socket that from is: a
	// *net.TCPConn or *net.UnixConn for a Stream, their listeners, or a *net.UDPConn. It
	// fails if that is not what the role says. Only if it succeeds is from closed, by
	// the proactor.
	Adopt(s *Socket, from syscall.Conn, as Role) error

	// File returns another descriptor for the socket s, which is open.
	File(s *Socket) (*os.File, error)

	// Share says that the program may have made another descriptor for the socket s.
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

	// Abort has the CloseSocket that follows reset the connection, which is open.
	Abort(s *Socket)
}
