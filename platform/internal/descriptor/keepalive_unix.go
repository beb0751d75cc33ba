//go:build linux || freebsd || netbsd || dragonfly

package descriptor

import "golang.org/x/sys/unix"

const keepIdle, keepInterval, keepCount = unix.TCP_KEEPIDLE, unix.TCP_KEEPINTVL, unix.TCP_KEEPCNT
