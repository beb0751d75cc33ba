package allocator_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
)

func TestRetireOfNothing(t *testing.T) {
	allocator.Retire[int](nil)
	allocator.Reissue[int](nil)
	allocator.Retire([]int{})
	allocator.Reissue([]int{})
	allocator.Retire(make([]struct{}, 3))
	allocator.Reissue(make([]struct{}, 3))
}
