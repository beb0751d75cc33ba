package combinators

import "testing"

// TestShardedObjectsPopTooLate has another goroutine take the last value of a shard after it
// was seen there.
func TestShardedObjectsPopTooLate(t *testing.T) {
	o := NewShardedObjects(func() *int { return new(int) }, 8)
	s := &o.shards[0]
	s.kept.Store(1)
	if v := o.pop(s); v != nil {
		t.Errorf("popped %v, where nothing is", *v)
	}
}
