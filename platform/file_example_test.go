package platform_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A file is read block by block. All reads share one block of memory, which is a
// field of the reader.
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
