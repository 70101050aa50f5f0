package payment

import "testing"

// Time is too noisy to be asserted, and work is not: each sum that is made allocates.
// A refusal makes one object more, itself.
//
//nolint:paralleltest // it counts what the whole process allocates
func TestARefusedPurchaseCostsTheSameWorkAsAMatchWithWhicheverSecret(t *testing.T) {
	body := []byte(`{"id":"evt_1"}`)
	secrets := []string{"whsec_former", "whsec_present", "whsec_coming"}
	for _, provider := range []string{Polar, Stripe, Paddle, LemonSqueezy} {
		work := func(signer string) float64 {
			signed, err := Sign(provider, signer, body, receipt)
			if err != nil {
				t.Fatal(err)
			}
			header := headerOf(signed.Header)
			return testing.AllocsPerRun(100, func() { _ = Verify(provider, secrets, header, signed.Body, receipt) })
		}
		refusal := work("whsec_strangers")
		for _, s := range secrets {
			if got := work(s); got != work(secrets[0]) || refusal-got > 1 || refusal < got {
				t.Errorf("%s: a match with %q costs %v allocations, a refusal %v", provider, s, got, refusal)
			}
		}
	}
}
