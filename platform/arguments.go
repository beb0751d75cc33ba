package platform

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
)

// Arguments that few kinds of operations take have no field of their own in an
// operation, whose size every chain pays for. They lie in Arg, and in an Addr
// that is no address.

// maxBuffers is how many buffers one operation takes: what Linux, the BSDs and
// macOS allow (IOV_MAX).
const maxBuffers = 1024

// Buffers returns the buffers of a vectored operation, which a backend does not
// change. The first one is not empty; there is none if they all were.
func Buffers(op *ops.Operation) [][]byte {
	first, _ := op.Arg.(*[]byte)
	return unsafe.Slice(first, int(op.Addr.Port()))
}

func setBuffers(op *ops.Operation, bufs [][]byte) {
	for len(bufs) > 0 && len(bufs[0]) == 0 {
		bufs = bufs[1:]
	}
	op.Arg = unsafe.SliceData(bufs)
	op.Addr = netip.AddrPortFrom(netip.Addr{}, uint16(min(len(bufs), maxBuffers)))
}

// Offset returns where in a file an operation reads or writes.
func Offset(op *ops.Operation) int64 {
	b := op.Addr.Addr().As16()
	return int64(binary.NativeEndian.Uint64(b[:8]))
}

func setOffset(op *ops.Operation, offset int64) {
	var b [16]byte
	binary.NativeEndian.PutUint64(b[:8], uint64(offset))
	op.Addr = netip.AddrPortFrom(netip.AddrFrom16(b), 0)
}
