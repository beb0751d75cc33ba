package chains

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// A mailbox is the packet socket of a chain, which sends to itself and to others.
// Packets may be lost, so nobody can wait for one without end.
type mailbox struct {
	conn    *platform.PacketConn
	users   users // the chain, those that send to it, and who cancels what it has
	address netip.AddrPort
	from    netip.AddrPort
	got     map[delivery]bool
	missed  bool // a packet did not come in time

	// sent counts the packets for each chain. Its receiver looks at it, and the
	// race detector must not see how that is ordered: it would miss an edge
	// that the platform owes.
	sent []atomic.Int32
}

// A delivery is a packet: the n-th that a chain has sent to a certain other one.
type delivery struct{ sender, n int }

// packetSize is what all packets have.
const packetSize = 32

// packetOf returns what the n-th packet from one chain to another consists of.
func packetOf(from, to, n int) []byte {
	at := ((from*31+to)*509 + n) % patternPeriod
	return pattern[at : at+packetSize : at+packetSize]
}

// openMailbox opens the mailbox of chain i if a step of it needs one, or somebody
// sends to it.
func (r *run) openMailbox(i int) error {
	if !r.program.mails(i) {
		return nil
	}
	conn, err := r.proactor.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("chains: %w", err)
	}
	m := &r.chains[i].mail
	m.conn = conn
	m.address = netip.MustParseAddrPort(conn.LocalAddr().String())
	m.got = make(map[delivery]bool)
	m.sent = make([]atomic.Int32, len(r.program.Chains))
	m.users.n.Store(1)
	m.users.last = r.chains[i].disposeMailbox
	for _, c := range r.program.Chains {
		for _, s := range c.Steps {
			if s.Kind == "send to" && s.Chain == i {
				m.users.n.Add(1)
			}
		}
	}
	return nil
}

// mails reports whether a chain needs a mailbox.
func (p *Program) mails(chain int) bool {
	for i, c := range p.Chains {
		for _, s := range c.Steps {
			if i == chain && kindOf(s.Kind).mail || s.Kind == "send to" && s.Chain == chain {
				return true
			}
		}
	}
	return false
}

func startSend(c *chainRun, _ *Step, h ops.Handler)   { c.send(c.number, h) }
func startSendTo(c *chainRun, s *Step, h ops.Handler) { c.send(s.Chain, h) }

func (c *chainRun) send(to int, h ops.Handler) {
	race.Off()
	n := c.mail.sent[to].Add(1) - 1
	race.On()
	c.mail.conn.WriteTo(packetOf(c.number, to, int(n)), c.run.chains[to].mail.address, h)
}

func checkSend(_ *chainRun, _ *Step, n int, err error) string {
	if n != packetSize || err != nil {
		return fmt.Sprintf("must be %d, nil", packetSize)
	}
	return ""
}

func drawSendTo(d *drawing, s *Step) bool {
	s.Chain = d.Choose(maxChains, "to the chain that many further")
	return true
}

func drawReceive(d *drawing, s *Step) bool {
	s.Pause = pick(d, "deadline", []int{50, 500})
	return true
}

// settleReceive keeps a receive that has a packet to find, and lets another one
// send one.
func settleReceive(before []Step, s Step) (Step, bool) {
	waiting := 0
	for _, b := range before {
		switch b.Kind {
		case "send":
			waiting++
		case "receive":
			waiting--
		}
	}
	s.Pause = 2_000_000 // it is not to be reached
	if waiting == 0 {
		s = Step{Kind: "send", Refuse: s.Refuse}
	}
	return s, true
}

func receiveText(s *Step) string { return fmt.Sprintf("within %d µs", s.Pause) }

func startReceive(c *chainRun, s *Step, h ops.Handler) {
	c.mail.conn.ReadFrom(c.buffer(2*packetSize), &c.mail.from, ops.WithTimeout(h, pause(s)))
}

// checkReceive judges a packet that has come in time, or none.
func checkReceive(c *chainRun, s *Step, n int, err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		if passed := c.run.ledger.Now() - c.begun; passed < pause(s) {
			return fmt.Sprintf("came after %v, which is too early", passed)
		}
		c.mail.missed = true
		return ""
	case err != nil:
		return "must be a packet, or os.ErrDeadlineExceeded"
	}
	return c.delivered(c.buf[:n])
}

// delivered judges a packet that has come, and returns what is wrong with it.
func (c *chainRun) delivered(packet []byte) string {
	sender := slices.IndexFunc(c.run.chains, func(l *chainRun) bool { return l.mail.conn != nil && l.mail.address == c.mail.from })
	if sender < 0 {
		return fmt.Sprintf("came from %v, where no chain is", c.mail.from)
	}
	by := c.run.chains[sender]
	race.Off()
	sent := int(by.mail.sent[c.number].Load())
	race.On()
	for n := range sent {
		if !bytes.Equal(packet, packetOf(sender, c.number, n)) {
			continue
		}
		d := delivery{sender, n}
		if c.mail.got[d] && c.run.weather.Duplicate == 0 {
			return fmt.Sprintf("packet %d from %v came twice", n+1, by)
		}
		c.mail.got[d] = true
		return ""
	}
	return fmt.Sprintf("the packet is none of the %d that %v has sent", sent, by)
}

func cancelMail(c *chainRun, _ *Step) func() { return c.mail.conn.Cancel }
