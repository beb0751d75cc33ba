package chains_test

import (
	"fmt"
	"sync"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// pieces is the state of an operation from outside this module, which writes at most 100
// bytes at a time.
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

// WriteInPieces is that operation.
func WriteInPieces(conn *platform.Conn, data []byte, h ops.Handler) {
	ops.Compose(conn.Proactor(), h, pieces{conn: conn, data: data}, writePiece)
}

// In a test this is what an init or a TestMain does.
var registerPieces = sync.OnceFunc(func() {
	chains.RegisterComposed[pieces](chains.Kind{Name: "write in pieces", Write: WriteInPieces})
})

// Have your own operation drawn in programs, where its allocators fail, its Conn is closed,
// and everything is cancelled while it runs.
func ExampleRegister() {
	registerPieces()
	chains.Simulated(printing{}, chains.Runners(1))
	fmt.Println("keeps the contract")
	// Output: keeps the contract
}

// A Kind can also be used in programs that are written by hand. This one reads what
// there is.
var registerPeek = sync.OnceFunc(func() {
	chains.Register(chains.Kind{Name: "read what there is", Read: (*platform.Conn).Read, Partial: true})
})

func ExampleKind() {
	registerPeek()
	program := transfer(1000)
	program.Chains[1].Steps[1] = chains.Step{Kind: "read what there is", Size: 1000, Cancel: chains.CancelAll}
	fmt.Println(program.Chains[1].Steps[1])
	report, err := chains.RunSimulated(program, chains.Seed(1), chains.In(sim.Weather{Partial: 2}))
	if err != nil {
		panic(err)
	}
	fmt.Println(len(report.Violations), "violations")
	// Output:
	// read what there is 1000, cancel all
	// 0 violations
}
