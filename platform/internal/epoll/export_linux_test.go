package epoll

// Collect looks for events, as Poll does first.
func (b *Backend) Collect() bool { return b.collect() }

// Serve serves the events that Collect has found, as Poll does then.
func (b *Backend) Serve() { b.serve() }
