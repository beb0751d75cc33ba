package chains_test

import (
	"fmt"
	"sync"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// WriteInPieces is an operation from outside this module, made by ops.Compose. It writes at
// most 100 bytes at a time.
func WriteInPieces(conn *platform.Conn, data []byte, h ops.Handler) {
	ops.Compose(conn.Proactor(), h, pieces{conn: conn, data: data}, writePiece)
}

// pieces is the state of that operation.
type pieces struct {
	conn *platform.Conn
	data []byte
	sent int
}

func writePiece(f *ops.Frame[pieces], n int, err error) {
	s := &f.State
	if s.sent += n; err != nil || s.sent == len(s.data) {
		f.Return(s.sent, err)
		return
	}
	ops.WriteFull(s.conn, s.data[s.sent:min(s.sent+100, len(s.data))], f)
}

var inPieces sync.Once // go test -count=2 runs the example twice

// Have your own composed operation drawn in programs. The allocator of its frame fails there,
// too. The type argument is the type of its state.
func ExampleRegisterComposed() {
	inPieces.Do(func() {
		chains.RegisterComposed[pieces](chains.Kind{Name: "write in pieces", Write: WriteInPieces})
	})
	chains.Simulated(printing{}, chains.Runners(1))
	fmt.Println("keeps the contract")
	// Output: keeps the contract
}
