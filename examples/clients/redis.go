package main

import (
	"strings"

	"github.com/heirloom-go/heirloom/platform/netconn"
	"github.com/redis/go-redis/v9"
)

// redisOptions are those of a Redis client whose connections are made by d. The address is
// one of TCP, or the path of a unix socket.
//
// The client takes no notice of its TLSConfig when it has a Dialer: who wants TLS has the
// Dialer return a tls.Client. And of a context it regards the deadline, while it waits for
// an answer, not that it is cancelled: who wants to end a blocking command closes the
// client.
func redisOptions(d *netconn.Dialer, address string) *redis.Options {
	o := &redis.Options{Addr: address, Dialer: d.DialContext, ContextTimeoutEnabled: true}
	if strings.HasPrefix(address, "/") {
		o.Network = "unix"
	}
	return o
}
