package clamp

import "testing"

func TestClamp(t *testing.T) {
	for n, want := range map[int]int{0: 2, 2: 2, 3: 3, 5: 5, 9: 5} {
		if got := Clamp(n, 2, 5); got != want {
			t.Errorf("Clamp(%d, 2, 5) is %d, want %d", n, got, want)
		}
	}
}

func TestDrain(t *testing.T) {
	if got := Drain([]int{1, 2, 4}); got != 7 {
		t.Errorf("the sum is %d, want 7", got)
	}
}

func TestGreet(t *testing.T) {
	if got := Greet("you"); got != "hello, you" {
		t.Errorf("the greeting is %q", got)
	}
}
