//go:build go1.27

package combinators

import "github.com/heirloom-go/heirloom/allocator"

// For is the function [For] as a method, which Go has from version 1.27 on.
func (s *Scope) For[U any]() allocator.Allocator[U] { return For[U](s) }
