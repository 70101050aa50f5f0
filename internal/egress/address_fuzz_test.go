package egress_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/ghostcm/ghostcm/internal/egress"
)

// FuzzCheckAddr holds the table of addresses against what the standard library knows:
// nothing private passes strictly, nothing link-local ever, in whatever form it comes.
func FuzzCheckAddr(f *testing.F) {
	for _, s := range []string{"127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fe80::1", "8.8.8.8", "fd00:ec2::254", "2001:0:808:808:0:0:80ff:fefe"} {
		a := netip.MustParseAddr(s).As16()
		f.Add(a[:])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		addr, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		strict, loose := egress.CheckAddr(addr, egress.Policy{}), egress.CheckAddr(addr, egress.Policy{AllowPrivate: true})
		for _, err := range []error{strict, loose} {
			if err != nil && !errors.Is(err, egress.ErrForbiddenAddress) {
				t.Fatalf("%v: %v", addr, err)
			}
		}
		plain := addr.Unmap()
		switch {
		case strict == nil && loose != nil:
			t.Fatalf("%v is allowed strictly but not loosely", addr)
		case strict == nil && (plain.IsPrivate() || plain.IsLoopback() || !plain.IsGlobalUnicast()):
			t.Fatalf("%v is allowed", addr)
		case loose == nil && (plain.IsLinkLocalUnicast() || plain.IsMulticast() || plain.IsUnspecified()):
			t.Fatalf("%v is allowed whatever is set", addr)
		}
		if plain.Is4() {
			inside(t, plain.As4(), strict != nil, loose != nil)
		}
	})
}

// inside wants of each form that carries an IPv4 address the verdict of that.
func inside(t *testing.T, v4 [4]byte, strict, loose bool) {
	t.Helper()
	nat64 := netip.MustParseAddr("64:ff9b::").As16()
	copy(nat64[12:], v4[:])
	sixToFour := netip.MustParseAddr("2002::").As16()
	copy(sixToFour[2:], v4[:])
	for _, form := range [][16]byte{nat64, sixToFour, netip.AddrFrom4(v4).As16()} {
		addr := netip.AddrFrom16(form)
		if (egress.CheckAddr(addr, egress.Policy{}) != nil) != strict || (egress.CheckAddr(addr, egress.Policy{AllowPrivate: true}) != nil) != loose {
			t.Fatalf("%v is judged otherwise than %v", addr, netip.AddrFrom4(v4))
		}
	}
}
