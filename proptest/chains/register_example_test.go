package chains_test

import (
	"fmt"
	"sync"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// WriteHalves is an operation from outside this module. It writes the first half of the
// data, and then the second.
func WriteHalves(conn *platform.Conn, data []byte, h ops.Handler) {
	half := len(data) / 2
	ops.WriteFull(conn, data[:half], &secondHalf{Handler: h, conn: conn, data: data[half:]})
}

// A secondHalf is the handler of the write of the first half, and then of the second.
type secondHalf struct {
	ops.Handler
	conn *platform.Conn
	data []byte // or nil when its write has begun
	sent int
}

func (s *secondHalf) Unwrap() ops.Handler { return s.Handler }

func (s *secondHalf) Complete(n int, err error) {
	s.sent += n
	if data := s.data; err == nil && data != nil {
		s.data = nil
		ops.WriteFull(s.conn, data, s)
		return
	}
	s.Handler.Complete(s.sent, err)
}

var halves sync.Once // go test -count=2 runs the example twice

// Have your own operation drawn in programs, where its allocators fail, its Conn is closed,
// and everything is cancelled while it runs. In your test, an init function or TestMain
// registers it, and Simulated gets the *testing.T.
func ExampleRegister() {
	halves.Do(func() {
		chains.Register(chains.Kind{Name: "write halves", Write: WriteHalves, Parts: true})
	})
	chains.Simulated(printing{}, chains.Runners(1))
	fmt.Println("keeps the contract")
	// Output: keeps the contract
}
