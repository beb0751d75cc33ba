package chains

import (
	"errors"
	"fmt"
	"os"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// batchSize is how many packets a batch has.
const batchSize = 3

// batch returns the chain's packets for a batch.
func (c *chainRun) batch() []platform.Packet {
	if c.packets == nil {
		c.packets = make([]platform.Packet, batchSize)
	}
	clear(c.packets)
	return c.packets
}

// startSendBatch sends packets to itself.
func startSendBatch(c *chainRun, _ *Step, h ops.Handler) {
	packets := c.batch()
	race.Off()
	last := int(c.mail.sent[c.number].Add(batchSize))
	race.On()
	for i := range packets {
		packets[i] = platform.Packet{Buf: packetOf(c.number, c.number, last-batchSize+i), Peer: c.mail.address}
	}
	c.mail.conn.WriteBatch(packets, h)
}

func checkSendBatch(c *chainRun, _ *Step, n int, err error) string {
	if n < 1 || n > batchSize || err != nil {
		return fmt.Sprintf("must be up to %d, nil", batchSize)
	}
	for i, p := range c.packets[:n] {
		if p.N != packetSize {
			return fmt.Sprintf("%d bytes of packet %d were sent, which has %d", p.N, i, packetSize)
		}
	}
	return ""
}

func startReceiveBatch(c *chainRun, s *Step, h ops.Handler) {
	packets, buf := c.batch(), c.buffer(batchSize*2*packetSize)
	for i := range packets {
		packets[i].Buf, buf = buf[:2*packetSize:2*packetSize], buf[2*packetSize:]
	}
	c.mail.conn.ReadBatch(packets, ops.WithTimeout(h, pause(s)))
}

// checkReceiveBatch judges packets that have come in time, or none.
func checkReceiveBatch(c *chainRun, s *Step, n int, err error) string {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return checkReceive(c, s, n, err)
	}
	if n < 1 || n > batchSize || err != nil {
		return fmt.Sprintf("must be up to %d packets, or os.ErrDeadlineExceeded", batchSize)
	}
	for i, p := range c.packets[:n] {
		c.mail.from = p.Peer
		if wrong := c.delivered(p.Buf[:p.N]); wrong != "" {
			return fmt.Sprintf("packet %d of the batch: %s", i+1, wrong)
		}
	}
	return ""
}

// settleReceiveBatch has the chain receive one packet, as how many have come depends on
// the platform.
func settleReceiveBatch(before []Step, s Step) (Step, bool) {
	s.Kind = "receive"
	return settleReceive(before, s)
}
