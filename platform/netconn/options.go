package netconn

import "net"

// The options that programs look for in a net.Conn are in this file.

// SetNoDelay is [platform.Conn.SetNoDelay].
func (c *Conn) SetNoDelay(noDelay bool) error {
	return c.setOption(func() error { return c.conn.SetNoDelay(noDelay) })
}

// SetKeepAliveConfig is [platform.Conn.SetKeepAlive], by its name in package net.
func (c *Conn) SetKeepAliveConfig(k net.KeepAliveConfig) error {
	return c.setOption(func() error { return c.conn.SetKeepAlive(k) })
}

// SetLinger is [platform.Conn.SetLinger].
func (c *Conn) SetLinger(sec int) error {
	return c.setOption(func() error { return c.conn.SetLinger(sec) })
}

// SetReadBuffer is [platform.Conn.SetReadBuffer].
func (c *Conn) SetReadBuffer(bytes int) error {
	return c.setOption(func() error { return c.conn.SetReadBuffer(bytes) })
}

// SetWriteBuffer is [platform.Conn.SetWriteBuffer].
func (c *Conn) SetWriteBuffer(bytes int) error {
	return c.setOption(func() error { return c.conn.SetWriteBuffer(bytes) })
}

// SetReadBuffer is [platform.PacketConn.SetReadBuffer].
func (c *PacketConn) SetReadBuffer(bytes int) error {
	return c.setOption(func() error { return c.conn.SetReadBuffer(bytes) })
}

// SetWriteBuffer is [platform.PacketConn.SetWriteBuffer].
func (c *PacketConn) SetWriteBuffer(bytes int) error {
	return c.setOption(func() error { return c.conn.SetWriteBuffer(bytes) })
}

func (s *socket) setOption(f func() error) error { return s.failed("set", s.set(f)) }
