module github.com/heirloom-go/heirloom/platform/netconn/conformance

go 1.26.0

replace github.com/heirloom-go/heirloom => ../../..

require github.com/heirloom-go/heirloom v0.0.0

require (
	golang.org/x/net v0.62.0
	golang.org/x/sys v0.49.0 // indirect
)
