module github.com/heirloom-go/heirloom

go 1.26.0

require (
	golang.org/x/exp v0.0.0-20261014143641-f0251eb4aa3e
	golang.org/x/sys v0.49.0
)

require (
	github.com/google/go-cmp v0.7.0
	pgregory.net/rapid v1.3.0
)
