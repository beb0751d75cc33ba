package clamp

import "testing"

func TestClamp(t *testing.T) {
	for n, want := range map[int]int{0: 2, 2: 2, 3: 3, 5: 5, 9: 5} {
		if got := Clamp(n, 2, 5); got != want {
			t.Errorf("Clamp(%d, 2, 5) is %d, want %d", n, got, want)
		}
	}
	if !Both(true, true) || Both(true, false) || Both(false, true) {
		t.Error("Both is wrong")
	}
}
