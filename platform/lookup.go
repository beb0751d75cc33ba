package platform

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
)

// maxLookups is how many names a proactor has looked up at a time.
const maxLookups = 32

// lookups are the goroutines of a proactor that look up names. They end when there is
// nothing to look up. Nobody waits for a goroutine whose Resolver does not return, but it
// counts as one of them until it does.
type lookups struct {
	mu          sync.Mutex
	running     int
	first, last *lookup // that wait for a goroutine
}

// A lookup is the search for the addresses of a target.
type lookup struct {
	target
	resolver Resolver
	ctx      context.Context
	done     func() // called with the result in place, unless ctx is done before

	found []netip.Addr
	err   error

	next    *lookup
	waiting bool
}

// start makes a goroutine do l.
func (all *lookups) start(l *lookup) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.running < maxLookups {
		all.running++
		go all.serve(l)
		return
	}
	l.waiting = true
	if all.first == nil {
		all.first = l
	} else {
		all.last.next = l
	}
	all.last = l
}

// drop forgets l if it waits for a goroutine.
func (all *lookups) drop(l *lookup) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if !l.waiting {
		return
	}
	l.waiting = false
	var before *lookup
	for x := all.first; x != l; x = x.next {
		before = x
	}
	if before == nil {
		all.first = l.next
	} else {
		before.next = l.next
	}
	if all.last == l {
		all.last = before
	}
	l.next = nil
}

// serve does l, and then what waits. If a Resolver ends the goroutine, another one goes
// on.
func (all *lookups) serve(l *lookup) {
	defer func() {
		if l == nil {
			return
		}
		if next := all.take(); next != nil {
			go all.serve(next)
		}
	}()
	for ; l != nil; l = all.take() {
		l.serve()
	}
}

// serve does a lookup that may have been cancelled before, or is meanwhile.
func (l *lookup) serve() {
	if l.ctx.Err() != nil {
		return
	}
	defer func() { // also if the Resolver does not return
		if l.ctx.Err() == nil {
			l.done()
		}
	}()
	l.run()
}

var errResolverEnded = errors.New("platform: the Resolver has ended the goroutine that called it")

// take returns the lookup that has waited for longest. If there is none it returns nil,
// and the goroutine ends.
func (all *lookups) take() *lookup {
	all.mu.Lock()
	defer all.mu.Unlock()
	l := all.first
	if l == nil {
		all.running--
		return nil
	}
	if all.first = l.next; all.first == nil {
		all.last = nil
	}
	l.next, l.waiting = nil, false
	return l
}

// run looks up what is not known of the target.
func (l *lookup) run() {
	if l.found = l.addrs; l.host != "" {
		l.err = errResolverEnded // unless it returns
		if l.found, l.err = l.resolver.LookupNetIP(l.ctx, l.addressFamily(), l.host); l.err != nil {
			return
		}
		if len(l.found) == 0 {
			l.err = noSuchHost(l.host)
			return
		}
	}
	if l.service != "" {
		var port int
		if port, l.err = net.DefaultResolver.LookupPort(l.ctx, l.network, l.service); l.err == nil {
			l.port = uint16(port)
		}
	}
}

func noSuchHost(host string) error {
	return &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// nobody is a Resolver that knows no name.
type nobody struct{}

func (nobody) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) { return nil, nil }
