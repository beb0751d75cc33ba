package descriptor

import (
	"net"
	"net/netip"
	"strconv"
	"testing"
)

// TestZones asks for the interfaces by name and by number, and for some that there are not.
func TestZones(t *testing.T) {
	all, err := net.Interfaces()
	if err != nil || len(all) == 0 {
		t.Skip("no interfaces: ", err)
	}
	most := 0
	at := netip.MustParseAddr("fe80::1")
	for _, i := range all {
		if got := ZoneName(uint32(i.Index)); got != i.Name {
			t.Errorf("%d is called %q, want %q", i.Index, got, i.Name)
		}
		if got := InterfaceOf(at.WithZone(i.Name)); got != i.Index {
			t.Errorf("%s has the number %d, want %d", i.Name, got, i.Index)
		}
		most = max(most, i.Index)
	}
	none := strconv.Itoa(most + 1000)
	if got := ZoneName(uint32(most + 1000)); got != none {
		t.Errorf("%s is called %q", none, got)
	}
	if got := InterfaceOf(at.WithZone(none)); got != most+1000 {
		t.Errorf("%s has the number %d", none, got)
	}
	if InterfaceOf(at) != 0 || InterfaceOf(at.WithZone("no such name")) != 0 {
		t.Error("what has no zone has a number")
	}
}

// TestZonesAllocateNothing looks at what a packet of a link-local address takes.
func TestZonesAllocateNothing(t *testing.T) {
	all, err := net.Interfaces()
	if err != nil || len(all) == 0 {
		t.Skip("no interfaces: ", err)
	}
	at := netip.MustParseAddr("fe80::1")
	InterfaceOf(at.WithZone(all[0].Name))
	if n := testing.AllocsPerRun(100, func() { InterfaceOf(at.WithZone(ZoneName(uint32(all[0].Index)))) }); n > 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
