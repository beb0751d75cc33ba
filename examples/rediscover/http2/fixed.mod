module github.com/heirloom-go/heirloom/examples/rediscover

go 1.26.0

require (
	github.com/heirloom-go/heirloom v0.0.0
	golang.org/x/net v0.0.0-20220906165146-f3363e06e74c
)

require (
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.3.7 // indirect
)

replace github.com/heirloom-go/heirloom => ../..
