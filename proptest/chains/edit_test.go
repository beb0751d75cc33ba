package chains

import "testing"

// TestEdits says that whatever makes a program smaller leaves one that can be run, comes to
// its end, and in which nothing is wrong on a platform that works.
func TestEdits(t *testing.T) {
	skipUnderRace(t)
	edits := 0
	for seed := range uint64(6 * checks) {
		random := Seed(seed)
		p := drawSized(random, 1, simulatedSizes)
		for range 12 {
			all := p.edits()
			edited := p.clone()
			if !all[random.Choose(len(all), "edit")](&edited) || len(edited.Chains) == 0 || edited.check() != nil {
				continue
			}
			edits++
			for world := range uint64(2) {
				report, err := RunSimulated(edited, Seed(world))
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if len(report.Violations) > 0 {
					t.Fatalf("seed %d, world %d: of\n%s\nit makes what fails by itself:\n%s", seed, world, p, report)
				}
			}
			p = edited
		}
	}
	if edits == 0 {
		t.Error("no edit was made")
	}
	t.Logf("%d edits", edits)
}
