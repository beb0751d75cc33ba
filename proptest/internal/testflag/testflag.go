// Package testflag sets the flags of rapid in the tests of the proof.
package testflag

import (
	"flag"
	"testing"
)

// Set sets a flag until the test ends.
func Set(t *testing.T, name, value string) {
	t.Helper()
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { flag.Set(name, before) })
}
