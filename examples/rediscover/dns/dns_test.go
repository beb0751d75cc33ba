// Package dns has resolvers ask a slow server over UDP, which loses, repeats and reorders.
package dns

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/rediscover"
	"github.com/heirloom-go/heirloom/platform/netconn"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/miekg/dns"
)

// TestAnswers: a query has its own answer, or the network has failed, as it does when
// nothing comes in time.
func TestAnswers(t *testing.T) {
	rediscover.Hunt(t, rediscover.Case{
		Weather:  sim.Stormy(),
		Programs: 200,
		Shows:    `violated: .* dns: id mismatch`,
	}, answers)
}

const address = "127.0.0.1:53"

func answers(w *rediscover.World) {
	p, err := netconn.ListenPacket(w.Proactor, "udp", address)
	if err != nil {
		w.Violated("ListenPacket: %v", err)
	}
	var serving, clients sync.WaitGroup
	serving.Go(func() { serve(w.Random(100), p) })
	for i := range uint64(3) {
		clients.Go(func() { resolve(w, w.Random(i)) })
	}
	w.Within(time.Hour, "a query", clients.Wait)
	p.Close()
	serving.Wait()
}

// resolve asks for names, one after another.
func resolve(w *rediscover.World, r *rand.Rand) {
	c, err := w.Dial("udp", address)
	if err != nil {
		return
	}
	defer c.Close()
	client := dns.Client{Timeout: 2 * time.Second}
	conn := &dns.Conn{Conn: c}
	for id := range uint16(8) {
		name := fmt.Sprint(r.Uint64(), ".example.")
		query := new(dns.Msg).SetQuestion(name, dns.TypeTXT)
		query.Id = id // no two are equal by chance
		answer, _, err := client.ExchangeWithConn(query, conn)
		if failed := net.Error(nil); errors.As(err, &failed) {
			continue
		}
		if err != nil {
			w.Violated("the query for %s fails: %v", name, err)
		}
		if got := answer.Question[0].Name; got != name {
			w.Violated("the query for %s has the answer for %s", name, got)
		}
	}
}

// serve answers each query, some of them late.
func serve(r *rand.Rand, p net.PacketConn) {
	var answering sync.WaitGroup
	defer answering.Wait()
	for {
		packet := make([]byte, dns.MinMsgSize)
		n, from, err := p.ReadFrom(packet)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		var query dns.Msg
		if err != nil || query.Unpack(packet[:n]) != nil {
			continue
		}
		var late time.Duration
		if r.IntN(4) == 0 {
			late = time.Duration(r.Int64N(int64(4 * time.Second)))
		}
		answering.Go(func() {
			time.Sleep(late)
			if reply, err := new(dns.Msg).SetReply(&query).Pack(); err == nil {
				p.WriteTo(reply, from)
			}
		})
	}
}
