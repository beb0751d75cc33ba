package platform

import "testing"

// TestPublishedFigures has each sequence of a few steps: who reads sees what was published
// last, and nothing of what the runner has written since.
func TestPublishedFigures(t *testing.T) {
	const steps = 8
	for program := range 1 << (2 * steps) {
		var f publishedFigures
		f.init()
		var written, published int64
		for i := range steps {
			switch program >> (2 * i) & 3 {
			case 0:
				written++
				f.next()[polls] = written
			case 1:
				f.next()[polls] = written // all of them, each time
				f.publish()
				published = written
			case 2:
				if got := f.read()[polls]; got != published {
					t.Fatalf("program %0*b: step %d has read %d, want %d", 2*steps, program, i, got, published)
				}
			}
		}
	}
}
