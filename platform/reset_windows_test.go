package platform_test

import "syscall"

// errReset is what a read of a connection that its peer has reset fails with.
const errReset = syscall.WSAECONNRESET
