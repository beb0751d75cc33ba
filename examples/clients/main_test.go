package main

import (
	"strings"
	"testing"
)

// TestRun asks twice, and is answered from the database, then from the cache.
func TestRun(t *testing.T) {
	cache, database := startRedis(t), startPostgres(t)
	for _, from := range []string{"database", "cache"} {
		var out strings.Builder
		if err := run(soon(t), cache.address, database.address, "select 'answer' || 42", &out); err != nil {
			t.Fatal(err)
		}
		if want := "answer42 (from the " + from + ")\n"; out.String() != want {
			t.Errorf("prints %q, not %q", out.String(), want)
		}
	}
}
