module github.com/heirloom-go/heirloom/examples/rediscover

go 1.26.0

require (
	github.com/heirloom-go/heirloom v0.0.0
	github.com/miekg/dns v1.1.31
)

require (
	golang.org/x/crypto v0.0.0-20191011191535-87dc89f01550 // indirect
	golang.org/x/net v0.0.0-20190923162816-aa69164e4478 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/heirloom-go/heirloom => ../..
