package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
)

// postgresSQL has the driver below database/sql: 32 goroutines, a statement that was prepared,
// a transaction, and a context that ends one.
func postgresSQL(t *testing.T, w *world, s *postgresServer) {
	ctx := soon(t)
	config, err := postgresConfig(w.dialer, s.address)
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*config.ConnConfig)
	defer db.Close()
	db.SetMaxOpenConns(8)
	if _, err := db.ExecContext(ctx, "drop table if exists counted; create table counted (n int); insert into counted values (0)"); err != nil {
		t.Fatal(err)
	}
	add, err := db.PrepareContext(ctx, "update counted set n = n + $1")
	if err != nil {
		t.Fatal(err)
	}
	defer add.Close()
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if err := addTwice(ctx, db, add); err != nil {
				t.Error(err)
			}
		})
	}
	wait(t, "the goroutines", all.Wait)

	short, cancel := context.WithCancel(ctx)
	tx, err := db.BeginTx(short, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.StmtContext(short, add).ExecContext(short, 1000); err != nil {
		t.Fatal(err)
	}
	slept := later(func() error { _, err := tx.ExecContext(short, sleep); return err })
	s.asleep(t, 1)
	cancel()
	if err := want(t, "a query", slept); !errors.Is(err, context.Canceled) {
		t.Errorf("when its context is cancelled: %v", err)
	}
	if err := tx.Commit(); err == nil {
		t.Error("a transaction is committed whose context is cancelled")
	}
	var n int
	if err := db.QueryRowContext(ctx, "select n from counted").Scan(&n); n != 64 || err != nil {
		t.Errorf("counted %d of 64, %v", n, err)
	}
}

// addTwice adds 1 in a transaction that is committed, and in none.
func addTwice(ctx context.Context, db *sql.DB, add *sql.Stmt) error {
	if _, err := add.ExecContext(ctx, 1); err != nil {
		return fmt.Errorf("outside of a transaction: %w", err)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.StmtContext(ctx, add).ExecContext(ctx, 1); err != nil {
		return fmt.Errorf("in a transaction: %w", err)
	}
	return tx.Commit()
}
