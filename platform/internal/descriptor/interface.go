package descriptor

import (
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// InterfaceOf returns the number of the interface that an IPv6 address is local to, or 0.
func InterfaceOf(addr netip.Addr) int {
	zone := addr.Zone()
	if zone == "" {
		return 0
	}
	if id, ok := zones.number(zone); ok {
		return id
	}
	id, _ := strconv.ParseUint(zone, 10, 32)
	return int(id)
}

// ZoneName returns the name of an interface, or its number if it has none.
func ZoneName(id uint32) string {
	if name, ok := zones.name(int(id)); ok {
		return name
	}
	return strconv.Itoa(int(id))
}

// zones are the interfaces by name and number. To ask the system takes several calls and
// allocates, too much for every packet, so what it has said is good for a minute; but what is
// not known is asked for again after a second. (Package net does the same, but for that second.)
var zones zoneCache

type zoneCache struct {
	mu      sync.RWMutex
	asked   time.Time
	names   map[int]netip.Addr // with the name as their zone, so that WithZone with this name allocates nothing
	numbers map[string]int
}

const zonesLast, noZoneLasts = time.Minute, time.Second

func (z *zoneCache) name(id int) (string, bool) {
	at, ok := lookUp(z, func() (netip.Addr, bool) { at, ok := z.names[id]; return at, ok })
	return at.Zone(), ok
}

func (z *zoneCache) number(name string) (int, bool) {
	return lookUp(z, func() (int, bool) { id, ok := z.numbers[name]; return id, ok })
}

// lookUp returns what find does, once the cache knows.
func lookUp[T any](z *zoneCache, find func() (T, bool)) (T, bool) {
	z.mu.RLock()
	x, ok := find()
	good := z.good(ok)
	z.mu.RUnlock()
	if good {
		return x, ok
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if x, ok = find(); z.good(ok) { // somebody else has asked
		return x, ok
	}
	z.ask()
	return find()
}

// good reports whether an answer may be given without asking the system.
func (z *zoneCache) good(known bool) bool {
	age := time.Since(z.asked)
	return age < zonesLast && (known || age < noZoneLasts)
}

// ask fills the cache. If the system does not answer, it stays as it is.
func (z *zoneCache) ask() {
	all, err := net.Interfaces()
	if err != nil {
		return
	}
	z.asked, z.names, z.numbers = time.Now(), make(map[int]netip.Addr, len(all)), make(map[string]int, len(all))
	for _, i := range all {
		z.names[i.Index] = netip.IPv6Unspecified().WithZone(i.Name)
		z.numbers[i.Name] = i.Index
	}
}
