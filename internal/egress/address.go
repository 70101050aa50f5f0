package egress

import "net/netip"

type class struct {
	prefix    netip.Prefix
	why       string
	allowable bool
}

// classes lists what is not plain public address space, most specific first;
// the first match decides. Source: IANA's special-purpose address registries
// and the providers' documentation of their metadata services.
func classes() []class {
	return []class{
		{netip.MustParsePrefix("169.254.169.254/32"), "a metadata service", false},
		{netip.MustParsePrefix("168.63.129.16/32"), "a metadata service", false},   // Azure
		{netip.MustParsePrefix("100.100.100.200/32"), "a metadata service", false}, // Alibaba
		{netip.MustParsePrefix("192.0.0.192/32"), "a metadata service", false},     // Oracle
		{netip.MustParsePrefix("fd00:ec2::/32"), "a metadata service", false},      // AWS
		{netip.MustParsePrefix("fd20:ce::254/128"), "a metadata service", false},   // Google
		{netip.MustParsePrefix("fd00:42::42/128"), "a metadata service", false},    // Scaleway

		{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified address", false},
		{netip.MustParsePrefix("::/128"), "an unspecified address", false},
		{netip.MustParsePrefix("169.254.0.0/16"), "a link-local address", false},
		{netip.MustParsePrefix("fe80::/10"), "a link-local address", false},
		{netip.MustParsePrefix("224.0.0.0/4"), "a multicast address", false},
		{netip.MustParsePrefix("ff00::/8"), "a multicast address", false},
		{netip.MustParsePrefix("240.0.0.0/4"), "a reserved address", false},
		{netip.MustParsePrefix("192.0.0.0/24"), "a reserved address", false},
		{netip.MustParsePrefix("192.88.99.0/24"), "a reserved address", false},

		{netip.MustParsePrefix("127.0.0.0/8"), "a loopback address", true},
		{netip.MustParsePrefix("::1/128"), "a loopback address", true},
		{netip.MustParsePrefix("10.0.0.0/8"), "a private address", true},
		{netip.MustParsePrefix("172.16.0.0/12"), "a private address", true},
		{netip.MustParsePrefix("192.168.0.0/16"), "a private address", true},
		{netip.MustParsePrefix("fc00::/7"), "a unique-local address", true},
		{netip.MustParsePrefix("fec0::/10"), "a site-local address", true},
		{netip.MustParsePrefix("100.64.0.0/10"), "a carrier-grade NAT address", true},
		{netip.MustParsePrefix("198.18.0.0/15"), "a benchmarking address", true},
		{netip.MustParsePrefix("192.0.2.0/24"), "a documentation address", true},
		{netip.MustParsePrefix("198.51.100.0/24"), "a documentation address", true},
		{netip.MustParsePrefix("203.0.113.0/24"), "a documentation address", true},
		{netip.MustParsePrefix("2001:db8::/32"), "a documentation address", true},
		{netip.MustParsePrefix("3fff::/20"), "a documentation address", true},
		{netip.MustParsePrefix("64:ff9b:1::/48"), "a local translation address", true},
	}
}

// table is classes, made once; nothing changes it.
var (
	table      = classes()
	globalIPv6 = netip.MustParsePrefix("2000::/3")
)

// CheckAddr says whether p allows a connection to addr. IPv6 addresses that
// carry an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) are
// judged by the one they carry, so that DNS64 networks still work. The error
// is a *ForbiddenError.
func CheckAddr(addr netip.Addr, p Policy) error {
	if addr.Zone() != "" {
		return &ForbiddenError{Host: addr.String(), Why: "an address with a zone"}
	}
	for _, a := range append(carried(addr), addr.Unmap()) {
		c, found := classify(a)
		if allowed := c.allowable && p.AllowPrivate; found && !allowed {
			return &ForbiddenError{Host: addr.String(), Why: c.why, Allowable: c.allowable}
		}
	}
	return nil
}

func classify(addr netip.Addr) (class, bool) {
	for _, c := range table {
		if c.prefix.Contains(addr) {
			return c, true
		}
	}
	if !addr.IsValid() {
		return class{why: "no address"}, true
	}
	if addr.Is6() && !globalIPv6.Contains(addr) && len(carried(addr)) == 0 {
		return class{why: "a reserved address"}, true
	}
	return class{}, false
}

var (
	mappedOrCompatible = netip.MustParsePrefix("::/96")
	nat64              = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour          = netip.MustParsePrefix("2002::/16")
	teredo             = netip.MustParsePrefix("2001::/32")
)

// carried returns the IPv4 addresses that an IPv6 address stands for.
func carried(addr netip.Addr) []netip.Addr {
	if !addr.Is6() || addr == netip.IPv6Loopback() || addr == netip.IPv6Unspecified() {
		return nil
	}
	b := addr.As16()
	switch {
	case addr.Is4In6():
		return []netip.Addr{addr.Unmap()}
	case mappedOrCompatible.Contains(addr), nat64.Contains(addr), isISATAP(b):
		return []netip.Addr{netip.AddrFrom4([4]byte(b[12:16]))}
	case sixToFour.Contains(addr):
		return []netip.Addr{netip.AddrFrom4([4]byte(b[2:6]))}
	case teredo.Contains(addr):
		client := [4]byte{^b[12], ^b[13], ^b[14], ^b[15]}
		return []netip.Addr{netip.AddrFrom4([4]byte(b[4:8])), netip.AddrFrom4(client)}
	}
	return nil
}

// isISATAP recognises interface identifiers 0000:5efe and 0200:5efe (RFC 5214).
func isISATAP(b [16]byte) bool {
	return b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}
