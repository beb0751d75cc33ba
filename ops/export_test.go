package ops

// CancelFrom is cancelFrom, for a goroutine that runs no executor.
func (b *Batch) CancelFrom(s *CancelSlot) { b.cancelFrom(s, nil) }
