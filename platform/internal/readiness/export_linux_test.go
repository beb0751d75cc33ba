package readiness

import "unsafe"

// SocketSize is the size of a record, in bytes.
const SocketSize = unsafe.Sizeof(socket{})
