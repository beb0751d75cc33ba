module github.com/heirloom-go/heirloom/examples/rediscover

go 1.26.0

require (
	github.com/heirloom-go/heirloom v0.0.0
	github.com/rabbitmq/amqp091-go v1.8.1
)

require golang.org/x/sys v0.49.0 // indirect

replace github.com/heirloom-go/heirloom => ../..
