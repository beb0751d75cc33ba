package combinators

// Samples returns the number of live blocks that are in the profile.
func (a *Profiled[T]) Samples() int {
	a.sites.mu.Lock()
	defer a.sites.mu.Unlock()
	return len(a.sites.live)
}
