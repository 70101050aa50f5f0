package payment

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestAnAmountIsReadInItsCurrencysUnits(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		s, currency string
		want        Amount
		ok          bool
	}{
		{"9.00", "eur", Amount{900, "EUR"}, true},
		{"14.9", "USD", Amount{1490, "USD"}, true},
		{"-14.90", "USD", Amount{-1490, "USD"}, true},
		{"0.05", "USD", Amount{5, "USD"}, true},
		{"1,234.50", "USD", Amount{123450, "USD"}, true},
		{"900", "USD", Amount{90000, "USD"}, true},
		{"900", "JPY", Amount{900, "JPY"}, true},
		{"900.00", "JPY", Amount{900, "JPY"}, true},
		{"900.50", "JPY", Amount{0, "JPY"}, false},
		{"1.234", "KWD", Amount{1234, "KWD"}, true},
		{"9.999", "USD", Amount{0, "USD"}, false},
		{"9.990", "USD", Amount{999, "USD"}, true},
		{"", "USD", Amount{0, "USD"}, false},
		{".50", "USD", Amount{0, "USD"}, false},
		{"nine", "USD", Amount{0, "USD"}, false},
		{"--9.00", "USD", Amount{0, "USD"}, false},
		{"99999999999999999999", "USD", Amount{0, "USD"}, false},
	} {
		got, ok := readAmount(row.s, row.currency)
		if ok != row.ok || got != row.want {
			t.Errorf("%q %s is %+v, %v", row.s, row.currency, got, ok)
		}
	}
}

func TestAShopsTextNamesMembersAndProducts(t *testing.T) {
	t.Parallel()
	const id, uuid = "6512f0a1b2c3d4e5f6a7b8c9", "3a1fac0c-f960-4506-a60e-824979a74e74"
	for s, want := range map[string]custom{
		"":                                {},
		"ghost:jo@example.com":            {MemberEmail: "jo@example.com"},
		"jo@example.com":                  {MemberEmail: "jo@example.com"},
		"ghost:" + id:                     {MemberID: id},
		"ghost:" + uuid:                   {MemberID: uuid},
		"gold | ghost:" + id:              {MemberID: id, Products: []string{"gold"}},
		"gold;silver;gold;jo@example.com": {MemberEmail: "jo@example.com", Products: []string{"gold", "silver"}},
		id:                                {Products: []string{id}}, // may be anybody's id
		"ghost:nobody":                    {},
		"25":                              {Products: []string{"25"}},
		"a@b":                             {Products: []string{"a@b"}},
		"https://x.example/@jo.example":   {Products: []string{"https://x.example/@jo.example"}},
	} {
		if diff := gocmp.Diff(want, readCustom(s)); diff != "" {
			t.Errorf("%q\n%s", s, diff)
		}
	}
}
