package payment

import (
	"encoding/json"
	"net/url"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestWhatComesFromKofiInOtherShapes(t *testing.T) {
	t.Parallel()
	const order, tier = "kofi/shop_order.json", "kofi/subscription.tier.recurring.json"
	const txn = "3a1fac0c-f960-4506-a60e-824979a74e74"
	checkVariants(t, Kofi, []variant{
		{"a tip", "kofi/donation.json", map[string]any{"type": "Tip", "kofi_transaction_id": "T"}, "grant order T paid 300 USD for Tip by someone@example.com as txn:T"},
		{"a commission", "kofi/donation.json", map[string]any{"type": "Commission", "kofi_transaction_id": "T"},
			"grant order T paid 300 USD for Commission by someone@example.com as txn:T"},
		{"Ko-fi's own test", "kofi/donation.json", map[string]any{"kofi_transaction_id": "00000000-1111-2222-3333-444444444444"},
			"grant order 00000000-1111-2222-3333-444444444444 paid test 300 USD for Donation by someone@example.com as txn:00000000-1111-2222-3333-444444444444"},
		{"a variation of a thing", order, map[string]any{"shop_items": []any{map[string]any{"direct_link_code": "1a2b", "variation_name": "Gold", "quantity": 1}}},
			"grant order " + txn + " paid 2795 USD for 1a2b:Gold,1a2b,Shop Order by someone@example.com as txn:" + txn},
		{"one person in capitals", tier, map[string]any{"email": "Someone@Example.com"},
			"extend subscription 0ebd1e801efe32a9483c979c until 2022-09-21T13:04:30Z paid renews 300 USD for Gold,Subscription by someone@example.com as txn:2a1fac0c-f960-4506-a60e-824979a74e73"},
		{"without an address", tier, map[string]any{"email": nil, "kofi_transaction_id": "T"},
			"extend order T until 2022-09-21T13:04:30Z paid renews 300 USD for Gold,Subscription as txn:T"},
		{"the last day of a month", tier, map[string]any{"timestamp": "2024-01-31T10:00:00Z", "kofi_transaction_id": "T"},
			"extend subscription 0ebd1e801efe32a9483c979c until 2024-03-02T10:00:00Z paid renews 300 USD for Gold,Subscription by someone@example.com as txn:T"},
		{"yen", tier, map[string]any{"amount": "500", "currency": "JPY", "kofi_transaction_id": "T"},
			"extend subscription 0ebd1e801efe32a9483c979c until 2022-09-21T13:04:30Z paid renews 500 JPY for Gold,Subscription by someone@example.com as txn:T"},
	})
}

func TestTheThingsOfAKofiOrderAreToldApart(t *testing.T) {
	t.Parallel()
	events, err := Normalise(Kofi, fixture(t, "kofi/shop_order.txt"), noHeader, receipt)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([][]string{{"1a2b3c4d5e"}, {"a1b2c3d4e5"}, {"Shop Order"}}, events[0].Items); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotOfKofiIsUnreadable(t *testing.T) {
	t.Parallel()
	for body, about := range map[string]string{
		"": "data", "a=b": "data", "data=": "data", "data=%5B%5D": "JSON", "data=x": "JSON", "%zz": "data",
		`{"message_id":"1"}`: "type", `{"type":"Tip"}`: "kofi_transaction_id",
	} {
		checkUnreadable(t, Kofi, []byte(body), about)
	}
}

func TestATokenOpensIfItIsOneThatCounts(t *testing.T) {
	t.Parallel()
	withToken := func(token string) []byte {
		data, err := json.Marshal(map[string]any{"type": "Tip", "kofi_transaction_id": "T", "verification_token": token})
		if err != nil {
			t.Fatal(err)
		}
		return []byte(url.Values{"data": {string(data)}}.Encode())
	}
	for _, row := range []struct {
		token    string
		counting []string
		want     Reason
	}{
		{"s3cret", []string{"s3cret"}, ""},
		{"s3cret", []string{"new", "s3cret"}, ""},
		{"s3cret", []string{"s3cret2"}, ReasonMismatch},
		{"s3cre", []string{"s3cret"}, ReasonMismatch},
		{"S3CRET", []string{"s3cret"}, ReasonMismatch},
		{"", []string{"s3cret"}, ReasonMissing},
		{"", []string{""}, ReasonMissing},
		{"s3cret", []string{"", ""}, ReasonMismatch},
		{"s3cret", nil, ReasonNoProof},
	} {
		for _, d := range []struct {
			provider string
			header   map[string]string
			body     []byte
		}{
			{Zapier, map[string]string{"Authorization": "Bearer " + row.token}, nil},
			{Gumroad, map[string]string{TokenHeader: row.token}, nil},
			{Kofi, nil, withToken(row.token)},
		} {
			err := Verify(d.provider, row.counting, headerOf(d.header), d.body, receipt)
			if got := reason(err); got != row.want || row.want == "" && err != nil {
				t.Errorf("%s: %q with %q: %v, want %q", d.provider, row.token, row.counting, err, row.want)
			}
		}
	}
}

func TestATokenHasItsOwnPlace(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		provider string
		header   map[string]string
		body     string
		want     Reason
	}{
		{Zapier, map[string]string{"AUTHORIZATION": "bearer s3cret"}, "", ""},
		{Zapier, map[string]string{"Authorization": "Basic s3cret"}, "", ReasonMalformed},
		{Zapier, map[string]string{"Authorization": "s3cret"}, "", ReasonMalformed},
		{Zapier, nil, "token=s3cret", ReasonMissing},
		{Gumroad, map[string]string{"Authorization": "Bearer s3cret"}, "token=s3cret", ReasonMissing},
		{Kofi, map[string]string{"Authorization": "Bearer s3cret"}, "verification_token=s3cret", ReasonMalformed},
		{Kofi, nil, `{"verification_token":"s3cret"}`, ""},
		{Kofi, nil, `{"verification_token":{"id":"other"}}`, ReasonMismatch},
	} {
		err := Verify(row.provider, []string{"s3cret"}, headerOf(row.header), []byte(row.body), receipt)
		if got := reason(err); got != row.want || row.want == "" && err != nil {
			t.Errorf("%s %v %s: %v, want %q", row.provider, row.header, row.body, err, row.want)
		}
	}
}

func TestARehearsalWithATokenIsGenuineWithThatTokenOnly(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{Zapier, Gumroad, Kofi} {
		body, err := TestEvent(provider, "prod", "jo@example.com", receipt)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := Sign(provider, "s3cret", body, receipt)
		if err != nil {
			t.Fatal(err)
		}
		header := signed.Header
		if token := signed.Query["token"]; token != "" {
			header[TokenHeader] = token // as the webhook's handler does
		}
		for secret, want := range map[string]Reason{"s3cret": "", "other": ReasonMismatch} {
			if got := reason(Verify(provider, []string{secret}, headerOf(header), signed.Body, receipt)); got != want {
				t.Errorf("%s with %q: %q, want %q", provider, secret, got, want)
			}
		}
		events, err := Normalise(provider, signed.Body, noHeader, receipt)
		if err != nil || len(events) != 1 || !events[0].Test || events[0].Products[0] != "prod" || events[0].Customer.Email != "jo@example.com" {
			t.Errorf("%s: %+v, %v", provider, events, err)
		}
	}
	for _, provider := range []string{PayPal, PayPalIPN} {
		body, err := TestEvent(provider, "prod", "jo@example.com", receipt)
		if err != nil {
			t.Fatal(err)
		}
		events, err := Normalise(provider, body, noHeader, receipt)
		if err != nil || len(events) != 1 || !events[0].Test || events[0].Action != ActionGrant || events[0].Products[0] != "prod" {
			t.Errorf("%s: %+v, %v", provider, events, err)
		}
	}
}
