package payment

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const gumroadThings = "PROD:Gold,abcde:Gold,gold:Gold,LINK:Gold,Gold membership:Gold,Gold,PROD,abcde,gold,LINK,Gold membership"

// moreFixtureActions is what each fixture of PayPal, Zapier, Gumroad and Ko-fi means.
// web_accept.old.txt is a message of before PayPal named charsets.
func moreFixtureActions() map[string]string {
	const (
		gumroad = " by buyer@example.test as sale:s4l3ID_1=="
		ipn     = " for gold-monthly,3835963,Gold membership by buyer.person@example.test"
		paypal  = " 1490 USD for P-5ML4271244454362WXNWU5NQ by customer@example.com"
	)
	return map[string]string{
		"gumroad/cancellation.txt":           "keep_until subscription GSUB until 2026-12-01T12:00:00Z" + gumroad,
		"gumroad/dispute.txt":                "dispute subscription GSUB 500 USD for " + gumroadThings + gumroad,
		"gumroad/dispute_won.txt":            "dispute_won subscription GSUB 500 USD for " + gumroadThings + gumroad,
		"gumroad/refund.txt":                 "refund subscription GSUB refunded 500 of 500 USD for " + gumroadThings + gumroad,
		"gumroad/sale.recurring.txt":         "extend subscription GSUB until 2026-12-01T12:00:05Z paid renews 500 USD for " + gumroadThings + " by buyer@example.test as sale:s4l3ID_2==",
		"gumroad/sale.test.txt":              "grant subscription GSUB until 2026-12-01T12:00:05Z paid renews test 500 USD for " + gumroadThings + gumroad,
		"gumroad/sale.txt":                   "grant subscription GSUB until 2026-12-01T12:00:05Z paid renews 500 USD for " + gumroadThings + gumroad,
		"gumroad/subscription_ended.txt":     "revoke subscription GSUB" + gumroad,
		"gumroad/subscription_restarted.txt": "uncancel subscription GSUB renews snapshot" + gumroad,
		"gumroad/subscription_updated.txt":   "ignore",

		"kofi/donation":                    "grant order TXN0 paid 300 USD for Donation by someone@example.com as txn:TXN0",
		"kofi/shop_order":                  "grant order TXN3 paid 2795 USD for 1a2b3c4d5e,a1b2c3d4e5,Shop Order by someone@example.com as txn:TXN3",
		"kofi/subscription.first":          "grant subscription 2784f44719ce4b6380f0d13f until 2022-09-21T13:04:30Z paid renews 300 USD for Subscription by someone@example.com as txn:TXN1",
		"kofi/subscription.tier.recurring": "extend subscription 0ebd1e801efe32a9483c979c until 2022-09-21T13:04:30Z paid renews 300 USD for Gold,Subscription by someone@example.com as txn:TXN2",

		"paypal-ipn/new_case.chargeback.txt":                                   "dispute subscription I-0HNJGFKLTLMP test" + ipn + " as txn:3UM92255EP1890011",
		"paypal-ipn/payment.canceled_reversal.no_txn_type.txt":                 "dispute_won subscription I-0HNJGFKLTLMP test 900 EUR" + ipn + " as txn:3UM92255EP1890011",
		"paypal-ipn/payment.refunded.no_txn_type.txt":                          "refund subscription I-0HNJGFKLTLMP test refunded 900 of 900 EUR" + ipn + " as txn:3UM92255EP1890011",
		"paypal-ipn/recurring_payment.txt":                                     "extend subscription I-4VBCP5EXAMPL until 2026-12-01T11:00:00Z paid renews test 900 EUR" + ipn + " as txn:3UM92255EP1890011",
		"paypal-ipn/recurring_payment_expired.txt":                             "revoke subscription I-4VBCP5EXAMPL test" + ipn,
		"paypal-ipn/recurring_payment_profile_cancel.txt":                      "keep_until subscription I-4VBCP5EXAMPL until 2026-12-01T11:00:00Z test" + ipn,
		"paypal-ipn/recurring_payment_profile_created.txt":                     "ignore subscription I-4VBCP5EXAMPL test" + ipn,
		"paypal-ipn/recurring_payment_suspended_due_to_max_failed_payment.txt": "revoke subscription I-4VBCP5EXAMPL test" + ipn,
		"paypal-ipn/subscr_cancel.txt":                                         "keep_until subscription I-0HNJGFKLTLMP test" + ipn,
		"paypal-ipn/subscr_eot.txt":                                            "revoke subscription I-0HNJGFKLTLMP test" + ipn,
		"paypal-ipn/subscr_failed.txt":                                         "past_due subscription I-0HNJGFKLTLMP renews test" + ipn,
		"paypal-ipn/subscr_payment.completed.txt":                              "extend subscription I-0HNJGFKLTLMP paid renews test 900 EUR" + ipn + " as txn:3UM92255EP1890011",
		"paypal-ipn/subscr_payment.pending_echeck.txt":                         "ignore subscription I-0HNJGFKLTLMP test" + ipn,
		"paypal-ipn/subscr_signup.txt":                                         "uncancel subscription I-0HNJGFKLTLMP renews snapshot test" + ipn,
		"paypal-ipn/web_accept.old.txt":                                        "grant order 6G996328CK404320L paid 4900 CAD for Gold for ever by buyer@example.test as txn:6G996328CK404320L",

		"paypal-webhook/BILLING.SUBSCRIPTION.ACTIVATED.json":      "grant subscription I-BW452GLLEP1G until 2026-12-01T10:00:00Z paid renews snapshot test" + paypal,
		"paypal-webhook/BILLING.SUBSCRIPTION.CANCELLED.json":      "keep_until subscription I-BW452GLLEP1G test" + paypal,
		"paypal-webhook/BILLING.SUBSCRIPTION.CREATED.json":        "ignore test",
		"paypal-webhook/BILLING.SUBSCRIPTION.EXPIRED.json":        "revoke subscription I-BW452GLLEP1G test" + paypal,
		"paypal-webhook/BILLING.SUBSCRIPTION.PAYMENT.FAILED.json": "past_due subscription I-BW452GLLEP1G until 2026-12-01T10:00:00Z renews test" + paypal,
		"paypal-webhook/BILLING.SUBSCRIPTION.UPDATED.json":        "grant subscription I-BW452GLLEP1G until 2026-12-01T10:00:00Z renews snapshot test 1490 USD for P-NEWPLAN71244454362WXNWU5 by customer@example.com",
		"paypal-webhook/CUSTOMER.DISPUTE.CREATED.json":            "dispute test 1490 USD as txn:5CS38179PL895402Y",
		"paypal-webhook/PAYMENT.CAPTURE.COMPLETED.json":           "grant order 42311647XV020574X paid test 4900 USD for gold-lifetime-0001,gold-lifetime by customer@example.com as txn:42311647XV020574X",
		"paypal-webhook/PAYMENT.CAPTURE.REFUNDED.json":            "refund test refunded 4900 of 4900 USD as txn:42311647XV020574X",
		"paypal-webhook/PAYMENT.SALE.COMPLETED.subscription.json": "extend subscription I-BW452GLLEP1G paid renews test 1490 USD by customer@example.com as txn:5CS38179PL895402Y",
		"paypal-webhook/PAYMENT.SALE.REFUNDED.json":               "refund test refunded 1490 of 1490 USD as txn:5CS38179PL895402Y",

		"zapier/grant.json":  "grant order 6513daf5a8bd8167e5b53d95 until 2026-12-01T12:00:00Z paid 999 USD for gold-monthly by john@example.com",
		"zapier/revoke.json": "revoke order 6513daf5a8bd8167e5b53d95 for gold-monthly by john@example.com",
	}
}

// providerOfFixture is whose a file is: the folders have the fixtures' names.
func providerOfFixture(file string) string {
	folder, _, _ := strings.Cut(file, "/")
	if folder == "paypal-webhook" {
		return PayPal
	}
	return folder
}

func TestEveryFixtureOfPayPalZapierGumroadAndKofiMeansWhatTheTableSays(t *testing.T) {
	t.Parallel()
	names := strings.NewReplacer("sUbScR_1==", "GSUB", "pR0dUctID==", "PROD", "https://seller.example.test/l/gold", "LINK",
		"0a1fac0c-f960-4506-a60e-824979a74e71", "TXN0", "1a1fac0c-f960-4506-a60e-824979a74e72", "TXN1",
		"2a1fac0c-f960-4506-a60e-824979a74e73", "TXN2", "3a1fac0c-f960-4506-a60e-824979a74e74", "TXN3")
	want := moreFixtureActions()
	for _, file := range fixturesOf(t, "paypal-webhook", PayPalIPN, Zapier, Gumroad, Kofi) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			what, ok := want[file]
			if !ok { // Ko-fi's are there in the form that is sent and as bare JSON
				what = want[strings.TrimSuffix(strings.TrimSuffix(file, ".txt"), ".json")]
			}
			var got []string
			for _, told := range read(t, providerOfFixture(file), fixture(t, file)) {
				got = append(got, names.Replace(told))
			}
			if diff := gocmp.Diff([]string{what}, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
