//go:build go1.27

package combinators_test

import (
	"fmt"

	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleScope_For() {
	var scope combinators.Scope
	s, err := scope.For[string]().Allocate(2)
	fmt.Println(len(s), err)
	// Output: 2 <nil>
}
