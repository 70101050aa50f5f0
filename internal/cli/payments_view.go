package cli

import (
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/program"
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
		ID: e.ID, Site: e.Site, Provider: e.Provider, Tier: e.Outcome.Tier, MemberID: program.OwnerOf(e),
		State: string(e.State()), Reason: e.Outcome.Reason, Remedy: e.Outcome.Remedy, EndsAt: known(e.Outcome.EndsAt),
		Amount: e.Amount.Minor, Currency: e.Amount.Currency, Test: e.Test,
		HeardAt: known(program.LastHeard(e)), UpdatedAt: known(e.Outcome.UpdatedAt),
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

// payer is the address if it is revealed, else its hash.
func (v entitlementView) payer() string {
	if v.Email != "" {
		return v.Email
	}
	return dash(v.EmailHash)
}
