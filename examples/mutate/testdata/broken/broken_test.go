package broken

import "testing"

func TestOne(t *testing.T) {
	if got := One(); got != 1 {
		t.Errorf("One is %d", got)
	}
}
