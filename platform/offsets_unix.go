//go:build unix

package platform

import (
	"os"

	"golang.org/x/sys/unix"
)

// checkOffsets refuses files that accept a seek but have no offsets: descriptors of
// inotify, eventfd, timerfd and the like, which are files of no type, and devices on which
// a read may wait for ever.
func checkOffsets(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var status unix.Stat_t
	waits := false
	if cerr := raw.Control(func(fd uintptr) {
		if err = unix.Fstat(int(fd), &status); err == nil && status.Mode&unix.S_IFMT == unix.S_IFCHR {
			waits = deviceWaits(int(fd), uint64(status.Rdev))
		}
	}); cerr != nil {
		return cerr
	}
	if err != nil {
		return &os.PathError{Op: "fstat", Path: f.Name(), Err: err}
	}
	switch status.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFBLK, unix.S_IFCHR, unix.S_IFDIR:
		if !waits {
			return nil
		}
	}
	return &os.PathError{Op: "seek", Path: f.Name(), Err: unix.ESPIPE}
}
