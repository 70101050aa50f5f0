package program

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/payment"
)

func TestDoctorIsToldOfProductsThatAnyPayPalButtonCanName(t *testing.T) {
	t.Parallel()
	sells := config.Payments{
		Providers: []config.Provider{{Name: payment.Polar}},
		Products: []config.Product{
			{ID: "pass", Tier: "gold"},
			{ID: "book", Tier: "gold", Provider: payment.PayPalIPN},
			{ID: "club", Tier: "gold", Price: payment.Amount{Minor: 999, Currency: "EUR"}},
			{ID: "polar-only", Tier: "gold", Provider: payment.Polar},
		},
	}
	if got := payments(sells).Unpriced; got != nil {
		t.Errorf("without PayPal IPN: %v", got)
	}
	sells.Providers = append(sells.Providers, config.Provider{Name: payment.PayPalIPN})
	if diff := cmp.Diff([]string{"pass", "book"}, payments(sells).Unpriced); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
