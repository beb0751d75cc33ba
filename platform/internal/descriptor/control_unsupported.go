//go:build !linux

package descriptor

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// ControlBuffer is room for the control data of a packet.
type ControlBuffer [0]byte

var errNoControl = fmt.Errorf("platform: control data of packets: %w", errors.ErrUnsupported)

// EnablePacketInfo has the kernel give the control data of what is read.
func EnablePacketInfo(fd int, inet6 bool) error { return errNoControl }

// ParseControl tells a packet what its control data say.
func ParseControl(packet *backend.Packet, control []byte) {}

// AppendControl appends the control data to send a packet with.
func AppendControl(b []byte, packet *backend.Packet, peer netip.AddrPort, inet6 bool) ([]byte, error) {
	return b, errNoControl
}
