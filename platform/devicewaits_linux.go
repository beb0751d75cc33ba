package platform

import "golang.org/x/sys/unix"

// deviceWaits reports whether readers of a character device may have to wait: whether it can
// be polled. (The random devices can, but make nobody wait once the system is up.)
func deviceWaits(fd int, device uint64) bool {
	const memory, random, urandom = 1, 8, 9 // see Documentation/admin-guide/devices.txt
	if minor := unix.Minor(device); unix.Major(device) == memory && (minor == random || minor == urandom) {
		return false
	}
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return true
	}
	defer unix.Close(poll)
	return unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{}) != unix.EPERM
}
