package main

import (
	"context"

	"github.com/heirloom-go/heirloom/platform/netconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresConfig is that of a pool of connections to PostgreSQL that are made by d. The
// database is a URL, or a string of parameters, as psql takes it. Names are looked up by d,
// and TLS is up to the driver.
func postgresConfig(d *netconn.Dialer, database string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.DialFunc = d.DialContext
	config.ConnConfig.LookupFunc = func(_ context.Context, host string) ([]string, error) {
		return []string{host}, nil
	}
	return config, nil
}

// connect opens a pool, and makes sure that the database answers.
func connect(ctx context.Context, config *pgxpool.Config) (*pgxpool.Pool, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}
