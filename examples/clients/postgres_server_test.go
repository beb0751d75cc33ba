package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A postgresServer is a PostgreSQL server with a cluster of its own.
type postgresServer struct {
	*server
	address, socket, secure string    // what to connect to: over TCP, over a unix socket, and with TLS
	observer                *pgx.Conn // see asleep
}

func startPostgres(t *testing.T) *postgresServer {
	t.Helper()
	program := findPostgres(t)
	asUser, own, err := ordinary()
	if err != nil {
		missing(t, "user who may run PostgreSQL", err)
	}
	s := newServer(t, "INT", asUser)
	data, cert, key := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "cert.pem"), filepath.Join(s.dir, "key.pem")
	certificate(t, cert, key)
	for _, path := range []string{s.dir, cert, key} {
		if err := own(path); err != nil {
			t.Fatal(err)
		}
	}
	initdb := exec.Command(filepath.Join(filepath.Dir(program), "initdb"),
		"--pgdata", data, "--username", "heirloom", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync")
	initdb.Dir = s.dir
	asUser(initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", initdb.Args, err, out)
	}
	port := freePort(t)
	s.command = []string{program, "-D", data}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "port=" + port, "unix_socket_directories=" + s.dir,
		"ssl=on", "ssl_cert_file=" + cert, "ssl_key_file=" + key,
		"fsync=off", "full_page_writes=off", "shared_buffers=16MB", "autovacuum=off",
	} {
		s.command = append(s.command, "-c", setting)
	}
	s.start()
	to := " user=heirloom dbname=postgres port=" + port
	p := &postgresServer{
		server:  s,
		address: "host=127.0.0.1 sslmode=disable" + to,
		socket:  "host=" + s.dir + to,
		secure:  "host=localhost sslmode=verify-full" + to + " sslrootcert=" + cert,
	}
	t.Cleanup(p.stop)
	return p
}

// findPostgres returns where the server is. Debian does not have it among the commands.
func findPostgres(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("postgres")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
		if len(found) == 0 {
			missing(t, "postgres", err)
		}
		program = found[len(found)-1]
	}
	program, err = filepath.EvalSymlinks(program) // its other programs are beside it
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(program), "initdb")); err != nil {
		missing(t, "initdb", err)
	}
	return program
}

// pool opens a pool that is closed with the test.
func (s *postgresServer) pool(t *testing.T, w *world, database string, change ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := postgresConfig(w.dialer, database)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(config)
	}
	pool, err := connect(soon(t), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { wait(t, "Close of a pool", pool.Close) })
	return pool
}

// asleep waits until n queries sleep in the server. It asks over package net, and keeps the
// connection for the next time.
func (s *postgresServer) asleep(t *testing.T, n int) {
	t.Helper()
	if s.observer == nil {
		c, err := pgx.Connect(soon(t), s.address)
		if err != nil {
			t.Fatal(err)
		}
		s.observer = c
	}
	until(t, fmt.Sprint(n, " queries that sleep"), func() (bool, error) {
		const query = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
		asleep := 0
		err := s.observer.QueryRow(soon(t), query).Scan(&asleep)
		return asleep == n, err
	})
}

// stop ends the server, which may start again.
func (s *postgresServer) stop() {
	if s.observer != nil {
		s.observer.Close(context.Background())
		s.observer = nil
	}
	s.server.stop()
}
