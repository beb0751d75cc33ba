package sim

// A Chooser makes every choice of a simulation, and so decides what happens.
// The same answers give the same run.
type Chooser interface {
	// Choose returns a number from 0 to n-1, for an n of at least 1. What is
	// chosen is named for those who read or draw the run. The plainest choice
	// is always 0, so a run of zeros is one in which nothing unusual happens.
	Choose(n int, what string) int
}
