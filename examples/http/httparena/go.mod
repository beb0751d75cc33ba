module github.com/heirloom-go/heirloom/examples/http/httparena

go 1.26.0

require github.com/heirloom-go/heirloom v0.0.0

require golang.org/x/sys v0.49.0 // indirect

replace github.com/heirloom-go/heirloom => ../../..
