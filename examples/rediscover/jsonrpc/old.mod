module github.com/heirloom-go/heirloom/examples/rediscover

go 1.26.0

require (
	github.com/heirloom-go/heirloom v0.0.0
	github.com/sourcegraph/jsonrpc2 v0.2.1
)

require golang.org/x/sys v0.49.0 // indirect

replace github.com/heirloom-go/heirloom => ../..
