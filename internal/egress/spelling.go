package egress

import (
	"net/netip"
	"strconv"
	"strings"
)

// oldIPv4 reads the spellings of an IPv4 address that resolvers still take
// beside four decimal numbers (inet_aton: 2130706433, 0x7f.1, 0177.0.0.1,
// 127.1). numeric is whether the host can be nothing but such a spelling, and
// then addr may still be invalid: out of range.
func oldIPv4(host string) (addr netip.Addr, numeric bool) {
	parts := strings.Split(host, ".")
	if _, ok := number(parts[len(parts)-1]); !ok {
		return netip.Addr{}, false
	}
	if len(parts) > 4 {
		return netip.Addr{}, true
	}
	var sum uint64
	for i, part := range parts {
		n, ok := number(part)
		last := i == len(parts)-1
		if !ok || (!last && n > 255) || (last && n >= 1<<(8*(5-len(parts)))) {
			return netip.Addr{}, true
		}
		if last {
			sum |= n
		} else {
			sum |= n << (8 * (3 - i))
		}
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true
}

// number reads a decimal, octal (0…) or hexadecimal (0x…) part. Digits that
// overflow or break their base are still a number to a resolver: it is
// returned as the largest value, which no part may have.
func number(s string) (n uint64, ok bool) {
	base, digits := 10, s
	switch {
	case strings.HasPrefix(s, "0x"), strings.HasPrefix(s, "0X"):
		base, digits = 16, s[2:]
		if digits == "" {
			return 0, true
		}
	case len(s) > 1 && s[0] == '0':
		base, digits = 8, s[1:]
	}
	if n, err := strconv.ParseUint(digits, base, 40); err == nil {
		return n, true
	}
	return 1<<63 - 1, s != "" && strings.Trim(s, "0123456789") == ""
}
