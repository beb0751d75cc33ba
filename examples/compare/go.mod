module github.com/heirloom-go/heirloom/examples/compare

go 1.26.0

require golang.org/x/sys v0.49.0

replace github.com/heirloom-go/heirloom => ../..
