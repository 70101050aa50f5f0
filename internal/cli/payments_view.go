package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
)

// entitlementView is an entitlement in --json. A time is null where there is none.
type entitlementView struct {
	ID        string     `json:"id"`
	Site      string     `json:"site"`
	Provider  string     `json:"provider"`
	Product   string     `json:"product"`
	Tier      string     `json:"tier"`
	MemberID  string     `json:"member_id"`
	EmailHash string     `json:"email_hash"`
	Email     string     `json:"email,omitempty"` // with --reveal
	State     string     `json:"state"`
	Reason    string     `json:"reason"`
	Remedy    string     `json:"remedy"`
	EndsAt    *time.Time `json:"ends_at"`
	Amount    int64      `json:"amount"` // of the newest payment, in minor units
	Currency  string     `json:"currency"`
	Test      bool       `json:"test"`
	HeardAt   *time.Time `json:"heard_at"`
	UpdatedAt *time.Time `json:"updated_at"`
}

func viewEntitlement(e payment.Entitlement, reveal bool) entitlementView {
	v := entitlementView{
		ID: e.ID, Site: e.Site, Provider: e.Provider, Tier: e.Outcome.Tier, MemberID: memberOf(e),
		State: string(e.State()), Reason: e.Outcome.Reason, Remedy: e.Outcome.Remedy, EndsAt: known(e.Outcome.EndsAt),
		Amount: e.Amount.Minor, Currency: e.Amount.Currency, Test: e.Test,
		HeardAt: known(lastHeard(e)), UpdatedAt: known(e.Outcome.UpdatedAt),
	}
	if len(e.Products) > 0 {
		v.Product = e.Products[0]
	}
	if email := e.Email(); email != "" {
		v.EmailHash = member.AddressHash(email)
		if reveal {
			v.Email = email
		}
	}
	return v
}

// memberOf is whose an entitlement is, as far as that is known.
func memberOf(e payment.Entitlement) string {
	if e.Outcome.MemberID != "" {
		return e.Outcome.MemberID
	}
	return e.MemberID()
}

// payer is the address if it is revealed, else its hash.
func (v entitlementView) payer() string {
	if v.Email != "" {
		return v.Email
	}
	return dash(v.EmailHash)
}

// withoutCents lists the currencies whose smallest unit is a whole one.
const withoutCents = " BIF CLP DJF GNF HUF ISK JPY KMF KRW MGA PYG RWF TWD UGX VND VUV XAF XOF XPF "

// price is an amount for people: 10.00 USD.
func price(minor int64, currency string) string {
	switch {
	case currency == "":
		return "-"
	case strings.Contains(withoutCents, " "+currency+" "):
		return strconv.FormatInt(minor, 10) + " " + currency
	}
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	cents := strconv.FormatInt(minor%100+100, 10)[1:]
	return sign + strconv.FormatInt(minor/100, 10) + "." + cents + " " + currency
}
