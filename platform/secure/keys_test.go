package secure_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A sender writes records of TLS 1.3 as a client may that crypto/tls is not: it changes its
// keys, and says things in pieces.
type sender struct {
	to     io.Writer
	hash   func() hash.Hash
	length int // of a key
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// newSender returns one that goes on where a client was after its handshake, whose log of
// keys is given.
func newSender(t *testing.T, to io.Writer, log string) *sender {
	t.Helper()
	for line := range strings.Lines(log) {
		if f := strings.Fields(line); f[0] == "CLIENT_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(f[2])
			if err != nil {
				t.Fatal(err)
			}
			s := &sender{to: to, hash: sha256.New, length: 16}
			s.use(secret)
			return s
		}
	}
	t.Fatalf("no secret is in %q", log)
	return nil
}

// expand is HKDF-Expand-Label of RFC 8446, section 7.1.
func (s *sender) expand(label string, n int) []byte {
	info := []byte{byte(n >> 8), byte(n), byte(len("tls13 " + label))}
	info = append(append(info, "tls13 "+label...), 0)
	out, err := hkdf.Expand(s.hash, s.secret, string(info), n)
	if err != nil {
		panic(err)
	}
	return out
}

func (s *sender) use(secret []byte) {
	s.secret, s.seq = secret, 0
	block, err := aes.NewCipher(s.expand("key", s.length))
	if err != nil {
		panic(err)
	}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		panic(err)
	}
	s.iv = s.expand("iv", 12)
}

// send writes a record of a kind with what is in it.
func (s *sender) send(kind byte, text []byte) error {
	n := len(text) + 1 + s.aead.Overhead()
	header := []byte{23, 3, 3, byte(n >> 8), byte(n)}
	nonce := bytes.Clone(s.iv)
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^s.seq)
	s.seq++
	record := s.aead.Seal(header, nonce, append(bytes.Clone(text), kind), header)
	_, err := s.to.Write(record)
	return err
}

// Kinds of records, and the message that changes keys and wants the peer's changed.
const (
	handshakeRecord = 22
	dataRecord      = 23
)

var keyUpdate = []byte{24, 0, 0, 1, 1}

func (s *sender) updateKey() error {
	err := s.send(handshakeRecord, keyUpdate)
	s.use(s.expand("traffic upd", s.hash().Size()))
	return err
}

// withSender returns a server that has agreed with a client of crypto/tls, whose place a
// sender has taken; the client still reads.
func (w *world) withSender(m *memory) (c *secure.Conn, peer *tls.Conn, s *sender) {
	w.t.Helper()
	below, raw := w.peer()
	var log bytes.Buffer
	config := clientConfig(tls.VersionTLS13)
	config.KeyLogWriter = &log
	peer = tls.Client(raw, config)
	done := make(chan error, 1)
	go func() { done <- peer.Handshake() }()
	c = new(secure.Conn)
	c.Server(below, serverConfig(tls.VersionTLS13))
	var shaken result
	c.Handshake(m.with(&shaken))
	w.await(&shaken)
	shaken.want(w.t, 0, nil)
	if err := <-done; err != nil {
		w.t.Fatal(err)
	}
	if suite := peer.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		w.t.Skipf("the cipher is %s", tls.CipherSuiteName(suite))
	}
	return c, peer, newSender(w.t, raw, log.String())
}

// TestKeyUpdate has the peer change its keys, and want ours changed, again and again, also
// within a message in pieces: while nothing is written, while a write waits that the answers
// must come after, and with what it wants in the same record as data.
func TestKeyUpdate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := newMemory()
		c, peer, s := w.withSender(m)
		read := func(want string) {
			t.Helper()
			var r result
			got := make([]byte, len(want))
			ops.ReadFull(c, got, m.with(&r))
			w.await(&r)
			r.want(t, len(want), nil)
			if string(got) != want {
				t.Fatalf("%q has come, want %q", got, want)
			}
		}
		var errs []error
		send := func(err error) { errs = append(errs, err) }
		send(s.updateKey())
		send(s.send(dataRecord, []byte("one")))
		read("one")
		for range 5 {
			send(s.updateKey())
			send(s.updateKey())
			send(s.send(dataRecord, []byte("two")))
		}
		read("twotwotwotwotwo")
		send(s.send(handshakeRecord, keyUpdate[:2]))
		send(s.send(handshakeRecord, keyUpdate[2:]))
		s.use(s.expand("traffic upd", 32))
		send(s.send(dataRecord, nil))
		send(s.send(dataRecord, []byte("three")))
		read("three")

		const size = 8 << 20
		var wrote result
		ops.WriteFull(c, random(1, size), m.with(&wrote))
		for range 10 {
			send(s.updateKey())
			send(s.send(dataRecord, []byte("four")))
			read("four")
		}
		wrote.later(t) // nobody has read yet
		far := make(chan error, 1)
		go func() {
			got := make([]byte, size)
			_, err := io.ReadFull(peer, got)
			if err == nil && !bytes.Equal(got, random(1, size)) {
				err = errors.New("other bytes have come")
			}
			far <- err
		}()
		w.await(&wrote)
		wrote.want(t, size, nil)
		if err := errors.Join(append(errs, <-far)...); err != nil {
			t.Error(err)
		}
		c.Close()
		m.check(t)
	})
}

// updates is how often the peer of asksForKeys wants new keys. crypto/tls does not take more
// than 16 in a row.
const updates = 14

// asksForKeys returns the two ends of a connection over another, and what the client would
// send to have new keys, again and again, with a byte after each time.
func (w *world) asksForKeys(atServer, atClient secure.Transport, m *memory) (s, c *secure.Conn, log []byte) {
	w.t.Helper()
	var keys, all bytes.Buffer
	config := clientConfig(tls.VersionTLS13)
	config.KeyLogWriter = &keys
	s, c = new(secure.Conn), new(secure.Conn)
	s.Server(atServer, serverConfig(tls.VersionTLS13))
	c.Client(atClient, config)
	shaken, shaken2 := w.shake(s, c, m)
	shaken.want(w.t, 0, nil)
	shaken2.want(w.t, 0, nil)
	if suite := c.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		w.t.Skipf("the cipher is %s", tls.CipherSuiteName(suite))
	}
	from := newSender(w.t, &all, keys.String())
	for range updates {
		from.updateKey()
		from.send(dataRecord, []byte("x"))
	}
	return s, c, all.Bytes()
}

// writeBehindAnswer has the server read what the client sends below, and then write while its
// answer is on its way, and is not taken.
func (w *world) writeBehindAnswer(s, c *secure.Conn, below ops.Writer, log []byte, m *memory) {
	w.t.Helper()
	var asked, read, wrote, got, rest result
	ops.WriteFull(below, log, m.with(&asked))
	ops.ReadFull(s, make([]byte, updates), m.with(&read))
	w.until("an answer is stuck", s.Answering)
	want := random(4, 3000)
	ops.WriteFull(s, want, m.with(&wrote))
	w.until("nothing moves", func() bool { return s.Answering() && wrote.calls == 0 })
	back := make([]byte, len(want))
	ops.ReadFull(c, back, m.with(&got))
	w.await(&got)
	c.Read(make([]byte, 1), m.with(&rest)) // answers may come after that
	w.await(&asked, &read, &wrote)
	read.want(w.t, updates, nil)
	wrote.want(w.t, len(want), nil)
	got.want(w.t, len(want), nil)
	if !bytes.Equal(back, want) {
		w.t.Error("other bytes have come")
	}
	c.Cancel()
	w.await(&rest)
	m.check(w.t)
}

// TestAnswerInTheWay has a peer that wants new keys and takes no answer, so that a read is
// stuck with that: a write waits behind it, until the peer takes both. And with a deadline
// for writes that has passed, reads go on, and the next write sends the answers.
func TestAnswerInTheWay(t *testing.T) {
	narrow := func(t *testing.T) *world {
		return simulated(t, sim.Calm, sim.Weather{Capacity: 128})
	}
	agree := func(w *world, m *memory) (s, c *secure.Conn, below *platform.Conn, log []byte) {
		a, below := w.pair()
		s, c, log = w.asksForKeys(a, below, m)
		return s, c, below, log
	}
	t.Run("write", func(t *testing.T) {
		w, m := narrow(t), newMemory()
		s, c, below, log := agree(w, m)
		w.writeBehindAnswer(s, c, below, log, m)
	})
	for name, test := range map[string]struct {
		end  func(s *secure.Conn, slot *ops.CancelSlot)
		want error
	}{
		"all":     {func(s *secure.Conn, _ *ops.CancelSlot) { s.Cancel() }, ops.ErrCanceled},
		"slot":    {func(_ *secure.Conn, slot *ops.CancelSlot) { slot.Cancel() }, ops.ErrCanceled},
		"close":   {func(s *secure.Conn, _ *ops.CancelSlot) { s.Close() }, net.ErrClosed},
		"timeout": {func(*secure.Conn, *ops.CancelSlot) {}, os.ErrDeadlineExceeded},
	} {
		t.Run("ended by "+name, func(t *testing.T) {
			w, m := narrow(t), newMemory()
			s, c, below, log := agree(w, m)
			var asked, read, wrote, got result
			var slot ops.CancelSlot
			h := ops.WithCancelSlot(m.with(&read), &slot)
			if name == "timeout" {
				h = ops.WithTimeout(h, time.Second)
			}
			ops.WriteFull(below, log, m.with(&asked))
			ops.ReadFull(s, make([]byte, updates), h)
			w.until("an answer is stuck", s.Answering)
			test.end(s, &slot)
			w.await(&read)
			if read.calls != 1 || !errors.Is(read.err, test.want) {
				t.Errorf("the read is told %d, %v", read.n, read.err)
			}
			if name != "close" { // the answers go on where they were
				ops.WriteFull(s, []byte("after"), m.with(&wrote))
				ops.ReadFull(c, make([]byte, 5), m.with(&got))
				w.await(&wrote, &got)
				wrote.want(t, 5, nil)
				got.want(t, 5, nil)
			}
			below.Close()
			w.await(&asked)
			m.check(t)
		})
	}
	t.Run("deadline", func(t *testing.T) {
		w, m := narrow(t), newMemory()
		s, c, below, log := agree(w, m)
		s.SetWriteDeadline(time.Unix(1, 0))
		var asked, read, wrote, got result
		ops.WriteFull(below, log, &asked)
		ops.ReadFull(s, make([]byte, updates), m.with(&read))
		w.await(&asked, &read)
		read.want(t, updates, nil)
		s.SetWriteDeadline(time.Time{})
		ops.WriteFull(s, []byte("after"), m.with(&wrote))
		ops.ReadFull(c, make([]byte, 5), m.with(&got))
		w.await(&wrote, &got)
		wrote.want(t, 5, nil)
		got.want(t, 5, nil)
		m.check(t)
	})
}

// TestUnanswered has a peer that wants new keys for ever and reads nothing.
func TestUnanswered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := newMemory()
		c, _, s := w.withSender(m)
		var wrote result
		ops.WriteFull(c, make([]byte, 8<<20), m.with(&wrote))
		go func() {
			for {
				if errors.Join(s.updateKey(), s.send(dataRecord, []byte("x"))) != nil {
					return
				}
			}
		}()
		var end error
		for end == nil {
			var read result
			c.Read(make([]byte, 100), m.with(&read))
			w.await(&read)
			end = read.err
		}
		if end != secure.ErrUnanswered {
			t.Errorf("the reads end with %v", end)
		}
		c.Close()
		w.run()
		m.check(t)
	})
}

// TestEmptyRecords has a peer that sends records without anything, for ever.
func TestEmptyRecords(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := newMemory()
		c, _, s := w.withSender(m)
		go func() {
			for s.send(dataRecord, nil) == nil {
			}
		}()
		var read result
		c.Read(make([]byte, 100), m.with(&read))
		w.await(&read)
		if read.n != 0 || read.err == nil || !strings.Contains(read.err.Error(), "too many ignored records") {
			t.Errorf("the read is told %d, %v", read.n, read.err)
		}
		c.Close()
		w.run()
		m.check(t)
	})
}

// TestAnswerInside has the inner of two connections want new keys, and a write start while
// the answer is on its way: it waits below, where another write is outstanding.
func TestAnswerInside(t *testing.T) {
	test := func(t *testing.T, w *world) {
		m := newMemory()
		outerServer, outerClient := w.secured(serverConfig(0), clientConfig(0), m)
		s, c, log := w.asksForKeys(outerServer, outerClient, m)
		w.writeBehindAnswer(s, c, outerClient, log, m)
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("sim/%d", seed), func(t *testing.T) {
			test(t, simulated(t, sim.Seeded(seed), sim.Weather{Capacity: 128}))
		})
	}
}
