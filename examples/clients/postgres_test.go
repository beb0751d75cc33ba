package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

func TestPostgres(t *testing.T) {
	s := startPostgres(t)
	each(t, func(t *testing.T, w *world) {
		for name, test := range map[string]func(*testing.T, *world, *postgresServer){
			"values":      postgresValues,
			"tls":         postgresTLS,
			"transaction": postgresTransaction,
			"copy":        postgresCopy,
			"notify":      postgresNotify,
			"cancel":      postgresCancel,
			"timeout":     postgresTimeout,
			"silent":      postgresSilent,
			"pool":        postgresPool,
			"sql":         postgresSQL,
			"stopped":     postgresStopped,
		} {
			t.Run(name, func(t *testing.T) {
				s.asleep(t, 0) // what the test before has left to itself has ended
				test(t, w, s)
			})
		}
	})
}

// sleep is a query that takes longer than any test.
const sleep = "select pg_sleep(3600)"

// code returns that of an error which the server has sent.
func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

const (
	queryCanceled = "57014"
	adminShutdown = "57P01"
)

// postgresValues has values of many sizes come back, and rows of a query, over each kind of
// connection.
func postgresValues(t *testing.T, w *world, s *postgresServer) {
	ctx := soon(t)
	for name, database := range map[string]string{"TCP": s.address, "unix": s.socket, "TLS": s.secure} {
		pool := s.pool(t, w, database)
		for size := 0; size <= 1<<18; size = 4*size + 1 {
			value := []byte(strings.Repeat("\x00\r\n\xff", size/4+1)[:size])
			var got []byte
			err := pool.QueryRow(ctx, "select $1::bytea", value).Scan(&got)
			if string(got) != string(value) || err != nil {
				t.Fatalf("%s: %d of %d bytes come back, %v", name, len(got), size, err)
			}
		}
		rows, err := pool.Query(ctx, "select n, repeat('x', n) from generate_series(1, 500) n")
		if err != nil {
			t.Fatal(err)
		}
		n, text, read := 0, "", 0
		_, err = pgx.ForEachRow(rows, []any{&n, &text}, func() error {
			if read++; n != read || len(text) != n {
				return fmt.Errorf("row %d is %d, with %d bytes", read, n, len(text))
			}
			return nil
		})
		if err != nil || read != 500 {
			t.Errorf("%s: %d rows, %v", name, read, err)
		}
	}
}

// postgresTLS asks the server whether it is TLS, and refuses a certificate.
func postgresTLS(t *testing.T, w *world, s *postgresServer) {
	var secure bool
	err := s.pool(t, w, s.secure).QueryRow(soon(t), "select ssl from pg_stat_ssl where pid = pg_backend_pid()").Scan(&secure)
	if !secure || err != nil {
		t.Errorf("with TLS: %v, %v", secure, err)
	}
	config, err := postgresConfig(w.dialer, s.secure)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.TLSConfig.RootCAs = x509.NewCertPool()
	pool, err := connect(soon(t), config)
	if err == nil {
		pool.Close()
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("with a certificate of nobody known: %v", err)
	}
}

// postgresTransaction has one transaction see nothing of another until it is committed, and
// nobody of one that is not.
func postgresTransaction(t *testing.T, w *world, s *postgresServer) {
	ctx := soon(t)
	pool := s.pool(t, w, s.address)
	if _, err := pool.Exec(ctx, "drop table if exists accounts; create table accounts (n int)"); err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		if err := pool.QueryRow(ctx, "select count(*) from accounts").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	aborted := errors.New("aborted")
	for _, end := range []error{nil, aborted} {
		before := count()
		err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "insert into accounts values (1)"); err != nil {
				return err
			}
			if n := count(); n != before {
				t.Errorf("others see %d rows, not %d, before the end", n, before)
			}
			return end
		})
		if err != end {
			t.Errorf("the transaction that ends with %v: %v", end, err)
		}
	}
	if n := count(); n != 1 {
		t.Errorf("%d rows, not that of the transaction which was committed", n)
	}
}

// A text is some lines as COPY takes them, which are a number and some letters each.
type text struct {
	lines, next int
	rest        string
	sum         hash.Hash
}

const letters = 1000

func (r *text) Read(b []byte) (n int, err error) {
	if r.rest == "" {
		if r.next == r.lines {
			return 0, io.EOF
		}
		letter := string(rune('a' + r.next%26))
		r.rest = fmt.Sprintf("%d\t%s\n", r.next, strings.Repeat(letter, letters))
		r.next++
	}
	n = copy(b, r.rest)
	r.sum.Write(b[:n])
	r.rest = r.rest[n:]
	return n, nil
}

// postgresCopy copies 10 MB into a table and out of it again.
func postgresCopy(t *testing.T, w *world, s *postgresServer) {
	ctx := soon(t)
	config, err := postgresConfig(w.dialer, s.address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgconn.ConnectConfig(ctx, &config.ConnConfig.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "create temporary table copied (n int, letters text)").ReadAll(); err != nil {
		t.Fatal(err)
	}
	lines := times(10 << 20 / letters)
	in := &text{lines: lines, sum: sha256.New()}
	tag, err := c.CopyFrom(ctx, in, "copy copied from stdin")
	if err != nil || tag.RowsAffected() != int64(lines) {
		t.Fatalf("copies %d of %d lines in, %v", tag.RowsAffected(), lines, err)
	}
	out := sha256.New()
	tag, err = c.CopyTo(ctx, out, "copy (select * from copied order by n) to stdout")
	if err != nil || tag.RowsAffected() != int64(lines) {
		t.Fatalf("copies %d of %d lines out, %v", tag.RowsAffected(), lines, err)
	}
	if string(out.Sum(nil)) != string(in.sum.Sum(nil)) {
		t.Errorf("what comes out of %d lines is not what went in", lines)
	}
}

// postgresNotify has one session told of what another says, in order, and a context end the
// wait for more.
func postgresNotify(t *testing.T, w *world, s *postgresServer) {
	ctx := soon(t)
	pool := s.pool(t, w, s.address)
	c, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	if _, err := c.Exec(ctx, "listen news"); err != nil {
		t.Fatal(err)
	}
	n := times(100)
	said := later(func() error {
		for i := range n {
			if _, err := pool.Exec(ctx, "select pg_notify('news', $1)", fmt.Sprint(i)); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range n {
		got, err := c.Conn().WaitForNotification(ctx)
		if err != nil {
			t.Fatalf("notification %d: %v", i, err)
		}
		if got.Payload != fmt.Sprint(i) {
			t.Fatalf("notification %d is %q", i, got.Payload)
		}
	}
	if err := want(t, "pg_notify", said); err != nil {
		t.Error(err)
	}
	waits, cancel := context.WithCancel(ctx)
	waited := later(func() error { _, err := c.Conn().WaitForNotification(waits); return err })
	cancel()
	if err := want(t, "WaitForNotification", waited); !errors.Is(err, context.Canceled) {
		t.Errorf("when its context is cancelled: %v", err)
	}
	if _, err := c.Exec(ctx, "unlisten news"); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// postgresCancel cancels the context of a query: of a connection which is closed then, and of
// one on which the server is asked to end the query.
func postgresCancel(t *testing.T, w *world, s *postgresServer) {
	for _, asks := range []bool{false, true} {
		pool := s.pool(t, w, s.address, func(c *pgxpool.Config) {
			c.MaxConns = 1
			if asks {
				c.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
					return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: patience}
				}
			}
		})
		session := func() (pid int) {
			if err := pool.QueryRow(soon(t), "select pg_backend_pid()").Scan(&pid); err != nil {
				t.Fatal(err)
			}
			return pid
		}
		first := session()
		ctx, cancel := context.WithCancel(t.Context())
		slept := later(func() error { _, err := pool.Exec(ctx, sleep); return err })
		s.asleep(t, 1)
		cancel()
		err := want(t, "a query", slept)
		if !errors.Is(err, context.Canceled) && code(err) != queryCanceled {
			t.Errorf("the server is asked (%v): %v", asks, err)
		}
		if same := session() == first; same != asks {
			t.Errorf("the server is asked (%v), and the session is the same (%v)", asks, same)
		}
		s.asleep(t, 0)
	}
}

// postgresTimeout has the server end a query that takes too long, and a context.
func postgresTimeout(t *testing.T, w *world, s *postgresServer) {
	pool := s.pool(t, w, s.address, func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["statement_timeout"] = "10ms"
	})
	c, err := pool.Acquire(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	if _, err := c.Exec(soon(t), sleep); code(err) != queryCanceled {
		t.Errorf("a query that takes too long for the server: %v", err)
	}
	if _, err := c.Exec(soon(t), "set statement_timeout = 0"); err != nil {
		t.Errorf("after that: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = c.Exec(ctx, sleep)
	if timeout, ok := errors.AsType[net.Error](err); !errors.Is(err, context.DeadlineExceeded) || !ok || !timeout.Timeout() {
		t.Errorf("a query that takes too long for its context: %v", err)
	}
}

// postgresSilent connects to what accepts and never says a word.
func postgresSilent(t *testing.T, w *world, s *postgresServer) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	config, err := postgresConfig(w.dialer, "user=heirloom sslmode=disable host=127.0.0.1 port="+fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = pgx.ConnectConfig(ctx, config.ConnConfig)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that says nothing: %v", err)
	}
}

// postgresPool has 32 goroutines share 8 connections.
func postgresPool(t *testing.T, w *world, s *postgresServer) {
	ctx := soon(t)
	pool := s.pool(t, w, s.address, func(c *pgxpool.Config) { c.MaxConns = 8 })
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			for j := range times(20) {
				value, got := strings.Repeat(fmt.Sprint(i, " ", j, " "), 1+100*(j%10)), ""
				if err := pool.QueryRow(ctx, "select $1::text", value).Scan(&got); got != value || err != nil {
					t.Errorf("%.20q comes back, %v; not %.20q", got, err, value)
					return
				}
			}
		})
	}
	wait(t, "the goroutines", all.Wait)
}

// postgresStopped stops the server while a query waits for it.
func postgresStopped(t *testing.T, w *world, s *postgresServer) {
	pool := s.pool(t, w, s.address)
	slept := later(func() error { _, err := pool.Exec(soon(t), sleep); return err })
	s.asleep(t, 1)
	s.stop()
	if err := want(t, "a query", slept); code(err) != adminShutdown {
		t.Errorf("when the server ends: %v", err)
	}
	config, err := postgresConfig(w.dialer, s.address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.ConnectConfig(soon(t), config.ConnConfig); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("without a server: %v", err)
	}
	s.start()
	// The pool may have a connection left that the server has closed.
	until(t, "the next server", func() (bool, error) { return pool.Ping(soon(t)) == nil, nil })
}
