package descriptor

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// ToSockaddr fills sa with an address for a socket of one of the two families
// and returns the size of what it has filled.
func ToSockaddr(sa *unix.RawSockaddrInet6, to netip.AddrPort, inet6 bool) (uintptr, error) {
	addr := to.Addr()
	switch {
	case !to.IsValid():
		return 0, nil // for the peer of a connected socket
	case inet6:
		sa.Family, sa.Addr, sa.Scope_id = unix.AF_INET6, addr.As16(), uint32(InterfaceOf(addr))
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:], to.Port())
		return unsafe.Sizeof(*sa), nil
	case !addr.Unmap().Is4():
		return 0, &net.AddrError{Err: "platform: not an IPv4 address", Addr: to.String()}
	}
	sa4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
	sa4.Family, sa4.Addr = unix.AF_INET, addr.Unmap().As4()
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&sa4.Port))[:], to.Port())
	return unsafe.Sizeof(*sa4), nil
}

// FromSockaddr returns the address in sa, of either family.
func FromSockaddr(sa *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:])
	if sa.Family == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(sa)).Addr), port)
	}
	addr := netip.AddrFrom16(sa.Addr).Unmap()
	if sa.Scope_id != 0 && addr.Is6() {
		addr = addr.WithZone(ZoneName(sa.Scope_id))
	}
	return netip.AddrPortFrom(addr, port)
}

// PeerSockaddr returns the address that an operation connects to, as the kernel
// takes it, and its size.
func PeerSockaddr(op *ops.Operation) (raw unix.RawSockaddrAny, size uintptr, err error) {
	path, ok := backend.Path(op)
	if !ok {
		addr := backend.Addr(op)
		size, err = ToSockaddr((*unix.RawSockaddrInet6)(unsafe.Pointer(&raw)), addr, !addr.Addr().Is4())
		return raw, size, err
	}
	sa := (*unix.RawSockaddrUnix)(unsafe.Pointer(&raw))
	if len(path) == 0 || len(path) >= len(sa.Path) {
		return raw, 0, os.NewSyscallError("connect", syscall.EINVAL)
	}
	sa.Family = unix.AF_UNIX
	name := unsafe.Slice((*byte)(unsafe.Pointer(&sa.Path)), len(sa.Path))
	size = unsafe.Offsetof(sa.Path) + uintptr(copy(name, path))
	if path[0] == '@' || path[0] == 0 {
		name[0] = 0 // a name that is not in the file system
		return raw, size, nil
	}
	return raw, size + 1, nil
}
