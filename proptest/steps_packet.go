package proptest

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A mailbox is the packet socket of a lane, which sends to itself. Packets may
// be lost, so nobody can wait for one without end.
type mailbox struct {
	conn    *platform.PacketConn
	address netip.AddrPort
	from    netip.AddrPort
	sent    int
}

// packet is what all packets consist of.
var packet = pattern[:32]

// openMailbox opens the lane's mailbox if a step of it needs one.
func (c *lane) openMailbox() error {
	for _, s := range c.program.Steps {
		if k := kindOf(s.Kind); k.mail && c.mail.conn == nil {
			conn, err := c.run.proactor.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				return fmt.Errorf("proptest: %w", err)
			}
			c.mail.conn, c.mail.address = conn, netip.MustParseAddrPort(conn.LocalAddr().String())
		}
	}
	return nil
}

func startSend(c *lane, _ *Step, h ops.Handler) {
	c.mail.sent++
	c.mail.conn.WriteTo(packet, c.mail.address, h)
}

func checkSend(_ *lane, _ *Step, n int, err error) string {
	if n != len(packet) || err != nil {
		return fmt.Sprintf("must be %d, nil", len(packet))
	}
	return ""
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

func startReceive(c *lane, s *Step, h ops.Handler) {
	c.mail.conn.ReadFrom(c.buffer(2*len(packet)), &c.mail.from, ops.WithTimeout(h, pause(s)))
}

// checkReceive judges a packet that has come in time, or none.
func checkReceive(c *lane, s *Step, n int, err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		if passed := c.chain.ledger.now() - c.begun; passed < pause(s) {
			return fmt.Sprintf("came after %v, which is too early", passed)
		}
		return ""
	case err != nil:
		return "must be a packet, or os.ErrDeadlineExceeded"
	case c.mail.sent == 0:
		return "nobody has sent a packet"
	case c.mail.from != c.mail.address:
		return fmt.Sprintf("came from %v, and was sent by %v", c.mail.from, c.mail.address)
	case string(c.buf[:n]) != string(packet):
		return "the packet is not the one that was sent"
	}
	return ""
}

func cancelMail(c *lane, _ *Step) func() { return c.mail.conn.Cancel }
