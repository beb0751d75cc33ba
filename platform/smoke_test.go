package platform_test

import (
	"context"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func TestSmoke(t *testing.T) {
	p, err := platform.New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var a, c platform.Conn
	buf := make([]byte, 5)
	l.Accept(&a, ops.HandlerFunc(func(n int, err error) {
		t.Log("accepted", err, a.RemoteAddr())
		ops.ReadFull(&a, buf, ops.HandlerFunc(func(n int, err error) {
			t.Log("read", n, err, string(buf))
			a.Close()
			l.Close()
		}))
	}))
	p.Connect(&c, "tcp", l.Addr().String(), ops.HandlerFunc(func(n int, err error) {
		t.Log("connected", err)
		ops.WriteFull(&c, []byte("hel"), ops.HandlerFunc(func(n int, err error) {
			t.Log("wrote", n, err)
			p.NewTimer().Wait(10*time.Millisecond, ops.HandlerFunc(func(n int, err error) {
				ops.WriteFull(&c, []byte("lo"), ops.HandlerFunc(func(n int, err error) {
					c.Close()
				}))
			}))
		}))
	}))
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}
