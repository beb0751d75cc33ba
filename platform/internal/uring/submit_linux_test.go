package uring_test

import (
	"slices"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// TestBatches bounds what one call hands over.
func TestBatches(t *testing.T) {
	const k = 1 << 10
	for name, test := range map[string]struct{ copied, want []int }{
		"nothing to copy": {make([]int, 100), []int{64, 36}},
		"little each":     {slices.Repeat([]int{64}, 70), []int{64, 6}},
		"just as much":    {[]int{128 * k, 128 * k, 1}, []int{2, 1}},
		"much each":       {[]int{200 * k, 200 * k, 0, 0, 200 * k}, []int{1, 3, 1}},
		"more than that":  {[]int{1, 1000 * k, 1000 * k, 1}, []int{1, 1, 1, 1}},
	} {
		if got := uring.Batches(test.copied...); !slices.Equal(got, test.want) {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

// TestCopied checks what requests are taken to copy.
func TestCopied(t *testing.T) {
	none := ops.HandlerFunc(func(int, error) {})
	for name, test := range map[string]struct {
		start func(*platform.Conn)
		want  int
	}{
		"read":          {func(c *platform.Conn) { c.Read(make([]byte, 500), none) }, 500},
		"read much":     {func(c *platform.Conn) { c.Read(make([]byte, 1<<20), none) }, 64 << 10},
		"read vectored": {func(c *platform.Conn) { c.ReadVectored([][]byte{make([]byte, 7), make([]byte, 8)}, none) }, 15},
		"read much vectored": {func(c *platform.Conn) {
			c.ReadVectored([][]byte{make([]byte, 40<<10), make([]byte, 40<<10), make([]byte, 1<<20)}, none)
		}, 64 << 10},
		"wait":           {func(c *platform.Conn) { c.WaitReadable(none) }, 0},
		"write":          {func(c *platform.Conn) { c.Write(make([]byte, 1000), none) }, 1000},
		"write much":     {func(c *platform.Conn) { c.Write(make([]byte, 1<<20), none) }, 256 << 10},
		"write vectored": {func(c *platform.Conn) { c.WriteVectored([][]byte{make([]byte, 10), make([]byte, 20)}, none) }, 30},
	} {
		t.Run(name, func(t *testing.T) {
			st := newStream(t, platform.SingleRunner())
			before := st.b.Requests()
			test.start(&st.conn)
			if st.b.Unsent() == 0 {
				t.Error("what was started outside of Run was handed over on a thread that will not see to it")
			}
			if got := st.b.Copied(before); !slices.Equal(got, []int{test.want}) {
				t.Errorf("the requests copy %d, want one that copies %d", got, test.want)
			}
		})
	}
	t.Run("read what is not there", func(t *testing.T) {
		st := newStream(t, platform.SingleRunner())
		st.peer.Write([]byte("x"))
		st.run(t, func(h ops.Handler) { st.conn.Read(make([]byte, 8), h) })
		before := st.b.Requests()
		st.conn.Read(make([]byte, 500), none)
		if got := st.b.Copied(before); !slices.Equal(got, []int{0}) {
			t.Errorf("the requests copy %d at once, want nothing", got)
		}
	})
}
