module github.com/heirloom-go/heirloom/examples/rediscover

go 1.26.0

require (
	github.com/heirloom-go/heirloom v0.0.0
	github.com/miekg/dns v1.1.41
)

require (
	golang.org/x/net v0.0.0-20210226172049-e18ecbb05110 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/heirloom-go/heirloom => ../..
