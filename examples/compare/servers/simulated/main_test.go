package main

import "testing"

func TestRun(t *testing.T) {
	for _, n := range []int{1, 100, 300} {
		r, err := run(n, 2)
		if err != nil {
			t.Fatal(err)
		}
		if want := 2 * max(1, n/100); r.Connections != n || r.Messages != want {
			t.Errorf("%d connections and %d messages, want %d and %d", r.Connections, r.Messages, n, want)
		}
		if r.HeapBytes <= 0 || r.MessageNs <= 0 {
			t.Errorf("%d connections: %+v", n, r)
		}
	}
}
