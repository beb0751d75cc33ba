//go:build asan

package combinators_test

const addressSanitizer = true
