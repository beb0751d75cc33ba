package platform_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// callsRefused has one call fail by refuse, with an error, and checks that the caller gets the
// error, and that nothing else has changed.
var callsRefused = map[string]func(t *testing.T, w *world, refuse func(), with error){
	"Listen": func(t *testing.T, w *world, refuse func(), with error) {
		refuse()
		if _, err := w.Listen("tcp", "127.0.0.1:0"); !errors.Is(err, with) {
			t.Errorf("listens: %v", err)
		}
		w.listen("tcp", "127.0.0.1:0").Close()
	},
	"ListenPacket": func(t *testing.T, w *world, refuse func(), with error) {
		refuse()
		if _, err := w.ListenPacket("udp4", "127.0.0.1:0"); !errors.Is(err, with) {
			t.Errorf("opens: %v", err)
		}
		refuse()
		if _, err := w.ConnectPacket("udp4", "127.0.0.1:9"); !errors.Is(err, with) {
			t.Errorf("opens and connects: %v", err)
		}
		w.packets("udp4", "127.0.0.1:0").Close()
	},
	"TryRead": func(t *testing.T, w *world, refuse func(), with error) {
		a, b := w.pair()
		defer a.Close()
		defer b.Close()
		var wrote, arrived, block, again, last result
		b.Write([]byte("ab"), &wrote)
		a.WaitReadable(&arrived)
		w.await(&wrote, &arrived)
		refuse()
		if n, err := a.TryRead(make([]byte, 2)); n != 0 || !errors.Is(err, with) {
			t.Errorf("reads %d, %v", n, err)
		}
		refuse()
		var memory buffers
		into := []byte("nothing")
		ops.ReadOnArrival(a, 2, &into, ops.WithAllocator[byte](&block, &memory))
		w.await(&block)
		if block.want(t, 0, with); into != nil || memory.live != 0 {
			t.Errorf("%q has arrived, and %d blocks are alive", into, memory.live)
		}
		ops.ReadOnArrival(a, 1, &into, &again)
		w.await(&again)
		if again.want(t, 1, nil); string(into) != "a" {
			t.Errorf("%q has arrived", into)
		}
		rest := make([]byte, 2)
		a.Read(rest, &last)
		w.await(&last)
		if last.want(t, 1, nil); rest[0] != 'b' {
			t.Errorf("reads %q", rest[:1])
		}
	},
	"TryWrite": func(t *testing.T, w *world, refuse func(), with error) {
		a, b := w.pair()
		defer a.Close()
		defer b.Close()
		refuse()
		if n, err := a.TryWrite([]byte("a")); n != 0 || !errors.Is(err, with) {
			t.Errorf("writes %d, %v", n, err)
		}
		var wrote, read result
		got := make([]byte, 2)
		a.Write([]byte("b"), &wrote)
		b.Read(got, &read)
		w.await(&wrote, &read)
		wrote.want(t, 1, nil)
		if read.want(t, 1, nil); got[0] != 'b' {
			t.Errorf("the peer reads %q", got[:1])
		}
	},
	"CloseWrite": func(t *testing.T, w *world, refuse func(), with error) {
		a, b := w.pair()
		defer a.Close()
		defer b.Close()
		refuse()
		if err := a.CloseWrite(); !errors.Is(err, with) {
			t.Errorf("ends the stream: %v", err)
		}
		var wrote, read, end result
		a.Write([]byte("a"), &wrote)
		b.Read(make([]byte, 2), &read)
		w.await(&wrote, &read)
		wrote.want(t, 1, nil)
		read.want(t, 1, nil)
		if err := a.CloseWrite(); err != nil {
			t.Error(err)
		}
		b.Read(make([]byte, 2), &end)
		w.await(&end)
		end.want(t, 0, io.EOF)
	},
	"CloseSocket": func(t *testing.T, w *world, refuse func(), with error) {
		a, b := w.pair()
		defer b.Close()
		var read, end result
		a.Read(make([]byte, 1), &read)
		refuse()
		if err := a.Close(); !errors.Is(err, with) {
			t.Errorf("closes: %v", err)
		}
		if err := a.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closes again: %v", err)
		}
		b.Read(make([]byte, 1), &end)
		w.await(&read, &end)
		read.want(t, 0, net.ErrClosed)
		end.want(t, 0, end.err)
		var c platform.Conn
		w.join(a, &c) // what is closed can be opened again
		a.Close()
		c.Close()
	},
	"Control": func(t *testing.T, w *world, refuse func(), with error) {
		a, b := w.pair()
		defer a.Close()
		defer b.Close()
		p := w.packets("udp4", "127.0.0.1:0")
		defer p.Close()
		raw, err := a.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		controlled := 0
		for _, c := range []struct {
			name string
			call func() error
		}{
			{"SetNoDelay", func() error { return a.SetNoDelay(true) }},
			{"SetLinger", func() error { return a.SetLinger(-1) }},
			{"SetReadBuffer", func() error { return a.SetReadBuffer(1 << 16) }},
			{"SyscallConn", func() error {
				_, err := a.SyscallConn()
				return err
			}},
			{"RawConn.Control", func() error { return raw.Control(func(uintptr) { controlled++ }) }},
			{"PacketConn.SetWriteBuffer", func() error { return p.SetWriteBuffer(1 << 16) }},
			{"PacketConn.Connect", func() error { return p.Connect(addrOf(p)) }},
			{"EnablePacketInfo", p.EnablePacketInfo},
			{"SetMulticastTTL", func() error { return p.SetMulticastTTL(1) }},
			{"ConnectPacket", func() error {
				c, err := w.ConnectPacket("udp4", p.LocalAddr().String())
				if err == nil {
					c.Close()
				}
				return err
			}},
		} {
			refuse()
			if err := c.call(); !errors.Is(err, with) {
				t.Errorf("%s: %v", c.name, err)
			}
			if err := c.call(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s, once more: %v", c.name, err)
			}
		}
		if controlled != 1 {
			t.Errorf("the function for Control was called %d times, want once", controlled)
		}
		w.speak(t, a, b)
		refuse()
		if err := a.Abort(); !errors.Is(err, with) {
			t.Errorf("aborts: %v", err)
		}
		if err := a.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closes what was aborted: %v", err)
		}
		var end result
		b.Read(make([]byte, 1), &end)
		w.await(&end)
		end.want(t, 0, io.EOF) // and no reset
	},
	"Adopt": func(t *testing.T, w *world, refuse func(), with error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		visit := func() net.Conn {
			nc, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			return nc
		}
		nc := visit()
		defer nc.Close()
		var c platform.Conn
		refuse()
		if err := w.AdoptConn(&c, nc); !errors.Is(err, with) {
			t.Errorf("adopts a connection: %v", err)
		}
		peer, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		if _, err := nc.Write([]byte("a")); err != nil {
			t.Errorf("the connection that was not adopted: %v", err)
		}
		err = w.AdoptConn(&c, nc)
		if errors.Is(err, errors.ErrUnsupported) {
			return // the backend refuses all of them
		}
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var wrote result
		c.Write([]byte("b"), &wrote)
		w.await(&wrote)
		got := make([]byte, 2)
		peer.SetDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(peer, got); err != nil || string(got) != "ab" {
			t.Errorf("the peer reads %q, %v", got, err)
		}

		refuse()
		if _, err := w.AdoptListener(l); !errors.Is(err, with) {
			t.Errorf("adopts a listener: %v", err)
		}
		first := visit()
		defer first.Close()
		accepted, err := l.Accept()
		if err != nil {
			t.Fatalf("the listener that was not adopted: %v", err)
		}
		accepted.Close()
		second := visit()
		defer second.Close()
		adopted, err := w.AdoptListener(l)
		if err != nil {
			t.Fatal(err)
		}
		defer adopted.Close()
		var visitor platform.Conn
		var came result
		adopted.Accept(&visitor, &came)
		w.await(&came)
		came.want(t, 0, nil)
		visitor.Close()

		np, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer np.Close()
		refuse()
		if _, err := w.AdoptPacketConn(np); !errors.Is(err, with) {
			t.Errorf("adopts a packet socket: %v", err)
		}
		if _, err := np.WriteTo([]byte("c"), np.LocalAddr()); err != nil {
			t.Errorf("the packet socket that was not adopted: %v", err)
		}
		p, err := w.AdoptPacketConn(np)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		var read result
		p.Read(got, &read)
		w.await(&read)
		if read.want(t, 1, nil); got[0] != 'c' {
			t.Errorf("the packet is %q", got[:1])
		}
	},
	"File": func(t *testing.T, w *world, refuse func(), with error) {
		a, b := w.pair()
		defer a.Close()
		defer b.Close()
		l := w.listen("tcp", "127.0.0.1:0")
		defer l.Close()
		p := w.packets("udp4", "127.0.0.1:0")
		defer p.Close()
		for name, file := range map[string]func() (*os.File, error){"Conn": a.File, "Listener": l.File, "PacketConn": p.File} {
			refuse()
			if f, err := file(); f != nil || !errors.Is(err, with) {
				t.Errorf("the file of a %s: %v, %v", name, f, err)
			}
			f, err := file()
			if err != nil && !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("the file of a %s, once more: %v", name, err)
			}
			f.Close()
		}
		w.speak(t, a, b)
	},
	"TakeFile": func(t *testing.T, w *world, refuse func(), with error) {
		name := filepath.Join(t.TempDir(), "file")
		refuse()
		if _, err := w.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600); !errors.Is(err, with) {
			t.Errorf("opens: %v", err)
		}
		taken, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		refuse()
		if _, err := w.NewFile(taken); !errors.Is(err, with) {
			t.Errorf("takes a file: %v", err)
		}
		if _, err := taken.WriteString("a"); err != nil {
			t.Errorf("the file that was not taken: %v", err)
		}
		opened, err := w.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer opened.Close()
		f, err := w.NewFile(taken)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, f := range []*platform.File{opened, f} {
			var read result
			got := make([]byte, 2)
			f.ReadAt(got, 0, &read)
			w.await(&read)
			if read.want(t, 1, nil); got[0] != 'a' {
				t.Errorf("the file is %q", got[:1])
			}
		}
	},
	"OpenFile": func(t *testing.T, w *world, refuse func(), with error) {
		name := filepath.Join(t.TempDir(), "file") // another one for each call
		refuse()
		if _, err := w.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600); !errors.Is(err, with) {
			t.Errorf("opens: %v", err)
		}
		if _, err := w.OpenFile(name, os.O_RDWR, 0); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("opens what was not made: %v", err)
		}
		f, err := w.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	},
	"ConnectPacket": func(t *testing.T, w *world, refuse func(), with error) {
		p := w.packets("udp4", "127.0.0.1:0")
		defer p.Close()
		refuse()
		if err := p.Connect(addrOf(p)); !errors.Is(err, with) || p.RemoteAddr() != nil {
			t.Errorf("connects to %v, %v", p.RemoteAddr(), err)
		}
		refuse()
		if _, err := w.ConnectPacket("udp4", p.LocalAddr().String()); !errors.Is(err, with) {
			t.Errorf("opens and connects: %v", err)
		}
		if err := p.Connect(addrOf(p)); err != nil {
			t.Error(err)
		}
		c, err := w.ConnectPacket("udp4", p.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	},
	"EnablePacketInfo": func(t *testing.T, w *world, refuse func(), with error) {
		p := w.packets("udp4", "127.0.0.1:0")
		defer p.Close()
		for _, refused := range []bool{true, false} {
			var want error
			if refused {
				refuse()
				want = with
			}
			if err := p.EnablePacketInfo(); !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
			packets := []platform.Packet{{Buf: make([]byte, 1)}}
			var sent, came result
			p.WriteTo([]byte("a"), addrOf(p), &sent)
			p.ReadBatch(packets, &came)
			w.await(&sent, &came)
			if came.want(t, 1, nil); packets[0].Local.IsValid() == refused {
				t.Errorf("a packet was sent to %v, which was refused: %t", packets[0].Local, refused)
			}
		}
	},
}

// speak has a write and b read.
func (w *world) speak(t *testing.T, a, b *platform.Conn) {
	t.Helper()
	if err := w.exchange(func(h ops.Handler) { a.Write([]byte{1}, h) }, func(h ops.Handler) { b.Read(make([]byte, 1), h) }); err != nil {
		t.Error(err)
	}
}

// TestCallRefused has each call of a backend that returns an error fail once, with an error that
// a kernel has when it is short of something. The program is told, and may try again. Start
// returns no error: see TestStartRefused. A call is tried with the backends that have it, and
// package sim is one of them.
func TestCallRefused(t *testing.T) {
	with := []error{syscall.ENOMEM, syscall.ENOBUFS, syscall.EMFILE, syscall.EIO}
	for what, call := range callsRefused {
		t.Run(what, func(t *testing.T) {
			refuse := func(t *testing.T, open func(...platform.Option) *world) {
				layer := new(refusingCalls)
				w := openRefusing(open, layer)
				if !hasMethod(layer.Backend, what) {
					t.Skip("it has no " + what)
				}
				before := w.Stats()
				var check func(after string)
				for i, err := range slices.Concat(with[:1], with) {
					call(t, w, func() { layer.failCall(what, err) }, err)
					if layer.what != "" {
						t.Errorf("nobody has called %s", what)
					}
					if i == 0 { // whatever the runtime and the backend keep open for themselves is open now
						check = keepsDescriptors(t)
					}
				}
				w.run()
				check(fmt.Sprint(len(with), " more calls were refused"))
				now := w.Stats()
				if now.Conns != before.Conns || now.Listeners != before.Listeners || now.PacketConns != before.PacketConns ||
					now.Files != before.Files || now.Outstanding != before.Outstanding {
					t.Errorf("was %+v before, and is %+v", before, now)
				}
				w.within("Close", func() { w.Close() })
				noneLeft(t)
			}
			for _, m := range modes() {
				t.Run(m.String(), func(t *testing.T) {
					refuse(t, func(options ...platform.Option) *world { return m.open(t, options...) })
				})
			}
			t.Run("sim", func(t *testing.T) {
				refuse(t, func(options ...platform.Option) *world { return simulated(t, options...) })
			})
		})
	}
}

func hasMethod(of any, name string) bool { return reflect.ValueOf(of).MethodByName(name).IsValid() }

// TestEveryCallIsRefused compares the calls that TestCallRefused tries with the methods of the
// interfaces in package backend that return an error. TestTrySpliceRefused tries one more.
func TestEveryCallIsRefused(t *testing.T) {
	var may []string
	for _, f := range parseAll(t, "backend/*.go") {
		ast.Inspect(f, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok {
				may = append(may, errorMethods(i)...)
			}
			return true
		})
	}
	may = slices.DeleteFunc(may, func(name string) bool { return name == "TrySplice" })
	slices.Sort(may)
	if diff := cmp.Diff(may, slices.Sorted(maps.Keys(callsRefused))); diff != "" {
		t.Errorf("the methods of backends that return an error (-), and those that are refused (+):\n%s", diff)
	}
}

// errorMethods returns the methods of an interface whose last result is an error.
func errorMethods(i *ast.InterfaceType) (names []string) {
	for _, m := range i.Methods.List {
		f, ok := m.Type.(*ast.FuncType)
		if !ok || f.Results == nil {
			continue
		}
		last := f.Results.List[len(f.Results.List)-1].Type
		if name, ok := last.(*ast.Ident); ok && name.Name == "error" {
			names = append(names, m.Names[0].Name)
		}
	}
	return names
}

func parseAll(t *testing.T, pattern string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no files %s, error %v", pattern, err)
	}
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			files = append(files, f)
		}
	}
	return files
}
