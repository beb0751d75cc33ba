package platform_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A file is read block by block. All reads share one block of memory, which
// lies in what reads.
func ExampleFile() {
	dir, err := os.MkdirTemp("", "")
	fatal(err)
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "poem")
	fatal(os.WriteFile(name, []byte("the same block serves the whole chain"), 0o600))

	p, err := platform.New()
	fatal(err)
	defer p.Close()
	f, err := p.OpenFile(name, os.O_RDONLY, 0)
	fatal(err)
	r := &blocks{file: f}
	r.start()
	fatal(p.Run(context.Background()))
	fmt.Printf("%d bytes in %d reads\n", r.offset, r.reads)
	// Output: 37 bytes in 5 reads
}

type blocks struct {
	slot   combinators.SingleSlot[ops.Operation]
	file   *platform.File
	block  [8]byte
	offset int64
	reads  int
}

func (b *blocks) start() { b.file.ReadAt(b.block[:], b.offset, b) }

func (b *blocks) Allocator() allocator.Allocator[ops.Operation] { return &b.slot }

func (b *blocks) Complete(n int, err error) {
	if err == io.EOF {
		fatal(b.file.Close())
		return
	}
	fatal(err)
	b.offset += int64(n)
	b.reads++
	b.start()
}

// A record is written so that it survives a crash: the handler of Sync is called
// once it is on the device.
func ExampleFile_Sync() {
	dir, err := os.MkdirTemp("", "")
	fatal(err)
	defer os.RemoveAll(dir)
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	log, err := p.OpenFile(filepath.Join(dir, "log"), os.O_WRONLY|os.O_CREATE, 0o600)
	fatal(err)

	log.WriteAt([]byte("paid\n"), 0, ops.HandlerFunc(func(n int, err error) {
		fatal(err)
		log.Sync(ops.HandlerFunc(func(_ int, err error) {
			fatal(err)
			fmt.Println(n, "bytes are safe")
			fatal(log.Close())
		}))
	}))
	fatal(p.Run(context.Background()))
	// Output: 5 bytes are safe
}

// zeros is a backend of files that are endless and full of zeros.
type zeros struct{ *void }

func (zeros) TakeFile(_ *platform.Socket, f *os.File) error { return f.Close() }
func (zeros) CloseSocket(*platform.Socket) error            { return nil }

func (z zeros) Start(s *platform.Socket, op *ops.Operation) bool {
	if op.Kind != ops.KindReadAt {
		return z.void.Start(s, op)
	}
	clear(op.Buf)
	op.N = len(op.Buf)
	return true
}

// A backend of one's own decides what is in a file.
func ExampleFileBackend() {
	p, err := platform.New(platform.WithCustomBackend(func(*platform.Proactor) (platform.Backend, error) {
		return zeros{&void{start: time.Now(), wake: make(chan struct{}, 1)}}, nil
	}))
	fatal(err)
	defer p.Close()
	f, err := p.OpenFile(os.DevNull, os.O_RDONLY, 0)
	fatal(err)
	f.ReadAt(make([]byte, 100), 1<<40, ops.HandlerFunc(func(n int, err error) { fmt.Println(n, err) }))
	fatal(p.Run(context.Background()))
	// Output: 100 <nil>
}

// A simulated world has files that nobody else sees.
func ExampleFileSystem() {
	world := sim.New(sim.Calm, sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(world.Backend), platform.SingleRunner())
	fatal(err)
	defer p.Close()
	f, err := p.OpenFile("/etc/heirloom", os.O_RDWR|os.O_CREATE, 0)
	fatal(err)
	f.WriteAt([]byte("out of thin air"), 0, ops.HandlerFunc(func(n int, err error) { fmt.Println(n, err) }))
	fatal(p.Run(context.Background()))
	_, err = os.Stat("/etc/heirloom")
	fmt.Println(os.IsNotExist(err))
	// Output:
	// 15 <nil>
	// true
}
