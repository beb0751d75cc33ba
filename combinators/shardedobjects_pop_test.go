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

// TestShardedObjectsKnowWhatTheyKeep looks at the number that says whether a Get needs the
// lock of a shard.
func TestShardedObjectsKnowWhatTheyKeep(t *testing.T) {
	o := NewShardedObjects(func() *int { return new(int) }, 100)
	for range 10 {
		o.Put(new(int))
	}
	for range 10 {
		o.Get()
		for i := range o.shards {
			s := &o.shards[i]
			if kept := int(s.kept.Load()); kept != len(s.more) {
				t.Fatalf("a shard has %d values behind its lock, and says that it has %d", len(s.more), kept)
			}
		}
	}
}
