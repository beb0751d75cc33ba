module github.com/heirloom-go/heirloom/examples/rediscover

go 1.26.0

require (
	github.com/heirloom-go/heirloom v0.0.0
	github.com/miekg/dns v1.1.41
	github.com/redis/go-redis/v9 v9.7.3
	github.com/sourcegraph/jsonrpc2 v0.2.3
)

require (
	github.com/klauspost/compress v1.20.0 // indirect
	github.com/molecule-man/go-brrr v1.0.1 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/text v0.41.0 // indirect
)

require (
	github.com/cespare/xxhash/v2 v2.2.0 // indirect
	github.com/dgryski/go-rendezvous v0.0.0-20200823014737-9f7001d12a5f // indirect
	github.com/rabbitmq/amqp091-go v1.9.0
	github.com/valyala/fasthttp v1.74.0
	golang.org/x/net v0.58.0
	golang.org/x/sys v0.49.0 // indirect
	nhooyr.io/websocket v1.8.11
)

replace github.com/heirloom-go/heirloom => ../..
