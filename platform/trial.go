package platform

// A trial decides whether to do something that pays at some times and not at others, if
// only doing it shows whether it pays.
//
// The action is tried on a few occasions in a row. If it pays on more than half of them,
// it goes on, and is judged again and again. Otherwise it is left out for some occasions
// before it is tried again, each time for twice as many as before, until a long trial has
// paid.
type trial struct {
	length int // on how many occasions it is tried
	tried  int // of those, how many there were
	failed int // of those, on how many it did not pay
	rest   int // on how many occasions to come it is left out
	rests  int // on how many it is left out after the next trial that fails
}

const (
	shortTrial = 4  // while it is left out
	longTrial  = 16 // while it is done
	minRest    = 8
	maxRest    = 512
)

func newTrial() trial { return trial{length: shortTrial, rests: minRest} }

// wanted reports whether to do it on this occasion.
func (t *trial) wanted() bool {
	if t.rest > 0 {
		t.rest--
		return false
	}
	return true
}

// judge is called after the action was done, with whether it has paid.
func (t *trial) judge(paid bool) {
	t.tried++
	if !paid {
		t.failed++
	}
	switch {
	case 2*t.failed >= t.length:
		t.rest, t.rests = t.rests, min(2*t.rests, maxRest)
		t.begin(shortTrial)
	case t.tried < t.length:
	case t.length == shortTrial:
		t.begin(longTrial)
	default:
		t.rests = minRest
		t.begin(longTrial)
	}
}

func (t *trial) begin(length int) { t.length, t.tried, t.failed = length, 0, 0 }
