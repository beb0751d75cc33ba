package platform_test

import (
	"net/netip"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// refusingCalls is a layer that refuses one call that is not Start.
type refusingCalls struct {
	backend.Backend
	what string // the method, or empty
	with error
}

// openRefusing opens a proactor whose calls l refuses.
func openRefusing(open func(...platform.Option) *world, l *refusingCalls) *world {
	w := open(platform.WithLayer(l.over))
	platform.ReplaceLowest(w.Proactor, l.under)
	return w
}

// over is l as a layer.
func (l *refusingCalls) over(below backend.Backend) backend.Backend {
	l.Backend = below
	return l
}

// under returns what takes the place of the backend below all layers. No layer sees the calls
// that are made to that alone.
func (l *refusingCalls) under(lowest backend.Backend) backend.Backend {
	switch lowest := lowest.(type) {
	case nativeCalls:
		return &refusingNative{lowest, l}
	case simulatedCalls:
		return &refusingSimulated{lowest, l}
	}
	return lowest
}

func (l *refusingCalls) failCall(what string, with error) { l.what, l.with = what, with }

// refused returns the error of a call that is refused, once.
func (l *refusingCalls) refused(what string) error {
	if l.what != what {
		return nil
	}
	l.what = ""
	return l.with
}

func (l *refusingCalls) Listen(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	if err := l.refused("Listen"); err != nil {
		return err
	}
	return l.Backend.Listen(s, network, address, o)
}

func (l *refusingCalls) ListenPacket(s *backend.Socket, network, address string, o backend.ListenOptions) error {
	if err := l.refused("ListenPacket"); err != nil {
		return err
	}
	return l.Backend.ListenPacket(s, network, address, o)
}

func (l *refusingCalls) TryRead(s *backend.Socket, b []byte) (int, error) {
	if err := l.refused("TryRead"); err != nil {
		return 0, err
	}
	return l.Backend.TryRead(s, b)
}

func (l *refusingCalls) TryWrite(s *backend.Socket, b []byte) (int, error) {
	if err := l.refused("TryWrite"); err != nil {
		return 0, err
	}
	return l.Backend.TryWrite(s, b)
}

func (l *refusingCalls) CloseWrite(s *backend.Socket) error {
	if err := l.refused("CloseWrite"); err != nil {
		return err
	}
	return l.Backend.CloseWrite(s)
}

// CloseSocket fails as a kernel does that has closed the descriptor nevertheless.
func (l *refusingCalls) CloseSocket(s *backend.Socket) error {
	err := l.Backend.CloseSocket(s)
	if refused := l.refused("CloseSocket"); refused != nil {
		return refused
	}
	return err
}

// nativeCalls are those of a backend of the system.
type nativeCalls interface {
	backend.SocketBackend
	backend.FileBackend
}

// refusingNative refuses calls that only a backend of the system has.
type refusingNative struct {
	nativeCalls
	by *refusingCalls
}

func (b *refusingNative) Control(s *backend.Socket, f func(fd uintptr)) error {
	if err := b.by.refused("Control"); err != nil {
		return err
	}
	return b.nativeCalls.Control(s, f)
}

func (b *refusingNative) Adopt(s *backend.Socket, from syscall.Conn, as backend.Role) error {
	if err := b.by.refused("Adopt"); err != nil {
		return err
	}
	return b.nativeCalls.Adopt(s, from, as)
}

func (b *refusingNative) File(s *backend.Socket) (*os.File, error) {
	if err := b.by.refused("File"); err != nil {
		return nil, err
	}
	return b.nativeCalls.File(s)
}

func (b *refusingNative) TakeFile(s *backend.Socket, f *os.File) error {
	if err := b.by.refused("TakeFile"); err != nil {
		return err
	}
	return b.nativeCalls.TakeFile(s, f)
}

// simulatedCalls are those of package sim.
type simulatedCalls interface {
	backend.FileSystem
	backend.PacketNetwork
	backend.Isolated
	backend.Aborter
	backend.Signaler
}

// refusingSimulated refuses calls that only package sim has.
type refusingSimulated struct {
	simulatedCalls
	by *refusingCalls
}

func (b *refusingSimulated) OpenFile(s *backend.Socket, name string, flag int, perm os.FileMode) error {
	if err := b.by.refused("OpenFile"); err != nil {
		return err
	}
	return b.simulatedCalls.OpenFile(s, name, flag, perm)
}

func (b *refusingSimulated) ConnectPacket(s *backend.Socket, to netip.AddrPort) error {
	if err := b.by.refused("ConnectPacket"); err != nil {
		return err
	}
	return b.simulatedCalls.ConnectPacket(s, to)
}

func (b *refusingSimulated) EnablePacketInfo(s *backend.Socket) error {
	if err := b.by.refused("EnablePacketInfo"); err != nil {
		return err
	}
	return b.simulatedCalls.EnablePacketInfo(s)
}
