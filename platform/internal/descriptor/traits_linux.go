package descriptor

import "golang.org/x/sys/unix"

// traitsOf returns what a socket is.
func traitsOf(fd int) (is Traits, err error) {
	family, err := getInt(uintptr(fd), unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return is, err
	}
	protocol, err := getInt(uintptr(fd), unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil {
		return is, err
	}
	is.Unix, is.Inet6 = family == unix.AF_UNIX, family == unix.AF_INET6
	is.Multipath = protocol == unix.IPPROTO_MPTCP
	return is, nil
}

// choosePortLate has connect(2) choose the port of a socket, and not bind(2).
func choosePortLate(fd int) { unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) }
