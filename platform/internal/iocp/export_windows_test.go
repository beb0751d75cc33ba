package iocp

// Former returns how many messages are kept for packets that may come late.
func (b *Backend) Former() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.former)
}
