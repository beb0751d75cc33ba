// Package broker is a message broker, for tests.
package broker

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/heirloom-go/heirloom/examples/rediscover"
)

// Missing is a queue that a Broker does not have.
const Missing = "missing"

// A Broker speaks as much of AMQP 0-9-1 as declaring queues takes. It has every queue, except
// one.
type Broker struct {
	l       net.Listener
	serving sync.WaitGroup
}

// Serve returns a broker that serves the clients of a listener.
func Serve(l net.Listener) *Broker {
	b := &Broker{l: l}
	b.serving.Go(b.serve)
	return b
}

func (b *Broker) serve() {
	for {
		c, err := b.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // accepts fail now and then
		}
		b.serving.Go(func() {
			s := session{in: bufio.NewReader(c), out: rediscover.NewBuffered(c)}
			defer s.out.Close()
			s.serve()
		})
	}
}

// Close closes the listener, and returns when all clients have gone.
func (b *Broker) Close() {
	b.l.Close()
	b.serving.Wait()
}

// A session is a connection of the broker.
type session struct {
	in  *bufio.Reader
	out net.Conn
}

// Methods, by their class and number.
const (
	connectionStart   = 10<<16 | 10
	connectionStartOK = 10<<16 | 11
	connectionTune    = 10<<16 | 30
	connectionTuneOK  = 10<<16 | 31
	connectionOpen    = 10<<16 | 40
	connectionOpenOK  = 10<<16 | 41
	connectionClose   = 10<<16 | 50
	connectionCloseOK = 10<<16 | 51
	channelOpen       = 20<<16 | 10
	channelOpenOK     = 20<<16 | 11
	channelClose      = 20<<16 | 40
	channelCloseOK    = 20<<16 | 41
	queueDeclare      = 50<<16 | 10
	queueDeclareOK    = 50<<16 | 11
)

func (s *session) serve() {
	if _, err := s.in.Discard(len("AMQP\x00\x00\x09\x01")); err != nil {
		return
	}
	s.send(0, connectionStart, "\x00\x09", table(), long("PLAIN"), long("en_US"))
	for {
		channel, method, arguments, err := s.receive()
		if err != nil {
			return
		}
		switch method {
		case connectionStartOK:
			s.send(0, connectionTune, "\x00\x06", "\x00\x00\x10\x00", "\x00\x00") // 6 channels, frames of 4 KiB
		case connectionOpen:
			s.send(0, connectionOpenOK, short(""))
		case connectionClose:
			s.send(0, connectionCloseOK)
		case channelOpen:
			s.send(channel, channelOpenOK, long(""))
		case channelClose:
			s.send(channel, channelCloseOK)
		case queueDeclare:
			name := string(arguments[3:][:arguments[2]])
			if name == Missing {
				s.send(channel, channelClose, "\x01\x94", short("NOT_FOUND"), "\x00\x32", "\x00\x0a") // 404
				continue
			}
			s.send(channel, queueDeclareOK, short(name), "\x00\x00\x00\x00", "\x00\x00\x00\x00")
		case connectionTuneOK, channelCloseOK:
		}
	}
}

// receive returns the next method.
func (s *session) receive() (channel uint16, method uint32, arguments []byte, err error) {
	const methodFrame = 1
	for {
		var header [7]byte
		if _, err := io.ReadFull(s.in, header[:]); err != nil {
			return 0, 0, nil, err
		}
		frame := make([]byte, binary.BigEndian.Uint32(header[3:])+1)
		if _, err := io.ReadFull(s.in, frame); err != nil {
			return 0, 0, nil, err
		}
		if header[0] == methodFrame {
			return binary.BigEndian.Uint16(header[1:]), binary.BigEndian.Uint32(frame), frame[4:], nil
		}
	}
}

func (s *session) send(channel uint16, method uint32, arguments ...string) {
	payload := binary.BigEndian.AppendUint32(nil, method)
	for _, a := range arguments {
		payload = append(payload, a...)
	}
	frame := binary.BigEndian.AppendUint16([]byte{1}, channel)
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(payload)))
	frame = append(frame, payload...)
	s.out.Write(append(frame, 0xce))
}

func short(s string) string { return string(rune(len(s))) + s }
func long(s string) string  { return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s }
func table() string         { return long("") }
