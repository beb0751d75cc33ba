// Clients runs a Redis client and a PostgreSQL driver, neither of which knows this library,
// on one proactor: it keeps the answers of the database in Redis for a minute. It is a
// module of its own because it needs the two.
//
//	go run . -redis 127.0.0.1:6379 -postgres postgres://user:password@127.0.0.1/name 'select now()'
//
// A client only needs to let the program choose how it dials; a netconn.Dialer then takes
// the place of a net.Dialer. See redis.go and postgres.go. The rest of a program stays as it
// is: pools, timeouts, TLS and contexts work as over package net.
//
// setup.sh installs both servers on Debian for the tests, which start the servers themselves.
// Without the servers the tests are skipped, unless HEIRLOOM_CLIENTS is "required".
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/netconn"
	"github.com/redis/go-redis/v9"
)

func main() {
	log.SetFlags(0)
	cache := flag.String("redis", "127.0.0.1:6379", "the `address` of Redis, or the path of its socket")
	database := flag.String("postgres", "postgres://postgres@127.0.0.1/postgres", "the `URL` of PostgreSQL")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "Usage: clients [flags] [QUERY]\n\nAnswer a query from PostgreSQL, and for a minute from Redis. setup.sh installs both.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	query := "select version()"
	if flag.NArg() > 0 {
		query = flag.Arg(0)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := run(ctx, *cache, *database, query, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run answers a query, whose result is one value, from the cache or else from the database.
func run(ctx context.Context, cache, database, query string, out io.Writer) error {
	p, err := platform.New()
	if err != nil {
		return err
	}
	hold := p.Hold() // or Run would return at once, as there is nothing to do yet
	ended := make(chan error)
	go func() { ended <- p.Run(context.Background()) }()
	defer func() {
		hold.Release()
		p.Close()
		<-ended
	}()

	dialer := &netconn.Dialer{Proactor: p}
	kept := redis.NewClient(redisOptions(dialer, cache))
	defer kept.Close()
	config, err := postgresConfig(dialer, database)
	if err != nil {
		return err
	}
	db, err := connect(ctx, config)
	if err != nil {
		return err
	}
	defer db.Close()

	answer, err := kept.Get(ctx, query).Result()
	from := "cache"
	if err == redis.Nil {
		from = "database"
		var value any
		if err := db.QueryRow(ctx, query).Scan(&value); err != nil {
			return err
		}
		answer = fmt.Sprint(value)
		err = kept.Set(ctx, query, answer, time.Minute).Err()
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s (from the %s)\n", answer, from)
	return err
}
