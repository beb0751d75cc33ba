//go:build dragonfly || freebsd || netbsd || openbsd || (linux && bsdcalls)

package descriptor

import "golang.org/x/sys/unix"

const sendFlags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
