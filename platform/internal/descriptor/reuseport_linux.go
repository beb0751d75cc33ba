package descriptor

import "golang.org/x/sys/unix"

const portShared = unix.SO_REUSEPORT
