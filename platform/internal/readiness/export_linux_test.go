package readiness

import (
	"unsafe"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// SocketSize is the size of a record, in bytes.
const SocketSize = unsafe.Sizeof(socket{})

// FoundEmpty reports whether the last attempt to accept has found no connection.
func FoundEmpty(s *backend.Socket) bool { return s.Sys.(*socket).empty }

// TellsOfConnections reports whether the kernel tells of a listener for as long as
// connections wait.
func TellsOfConnections(s *backend.Socket) bool { return s.Sys.(*socket).interest == Connections }

// MaxUnasked is how often it does if nobody asks for one.
const MaxUnasked = maxUnasked
