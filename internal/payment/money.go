package payment

import (
	"strconv"
	"strings"
)

// readAmount reads an amount that is written with a decimal point ("9.00", "-14.9",
// "1,234.50"), as PayPal, Ko-fi and people write it, into minor units. ok is false
// for what is no amount, or no amount of that currency.
func readAmount(s, currency string) (a Amount, ok bool) {
	a.Currency = strings.ToUpper(strings.TrimSpace(currency))
	s, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	whole, fraction, _ := strings.Cut(strings.ReplaceAll(s, ",", ""), ".")
	decimals := decimalsOf(a.Currency)
	// "900.00" yen are 900 yen: what is no part of the currency has to be nothing.
	for len(fraction) > decimals && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if whole == "" || len(fraction) > decimals {
		return Amount{Currency: a.Currency}, false
	}
	digits := whole + fraction + strings.Repeat("0", decimals-len(fraction))
	n, err := strconv.ParseUint(digits, 10, 62)
	if err != nil {
		return Amount{Currency: a.Currency}, false
	}
	if a.Minor = int64(n); negative {
		a.Minor = -a.Minor
	}
	return a, true
}

// ParseAmount reads "9.99 EUR".
func ParseAmount(s string) (a Amount, ok bool) {
	number, currency, _ := strings.Cut(strings.TrimSpace(s), " ")
	a, ok = readAmount(number, currency)
	return a, ok && a.Minor > 0 && len(a.Currency) == 3 && strings.Trim(a.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// decimalsOf is how many digits a currency has behind the point (ISO 4217); PayPal
// takes no decimals of HUF and TWD, but writes "900.00" all the same.
func decimalsOf(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

func magnitude(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
