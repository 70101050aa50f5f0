package payment

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

func FuzzNormalisePolar(f *testing.F)        { fuzzNormalise(f, Polar) }
func FuzzNormaliseStripe(f *testing.F)       { fuzzNormalise(f, Stripe) }
func FuzzNormalisePaddle(f *testing.F)       { fuzzNormalise(f, Paddle) }
func FuzzNormaliseLemonSqueezy(f *testing.F) { fuzzNormalise(f, LemonSqueezy) }

// fuzzNormalise wants of any body: events that can be kept, or one error that says
// what to do; and the same of the same bytes.
func fuzzNormalise(f *testing.F, provider string) {
	folder := provider
	if provider == PayPal {
		folder = "paypal-webhook"
	}
	for _, file := range fixturesOf(f, folder) {
		f.Add(fixture(f, file))
	}
	f.Add([]byte(`{"type":"x","event_type":"x","meta":{"event_name":"x"},"data":{"object":[]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := Normalise(provider, body, noHeader, receipt)
		if err != nil {
			var unreadable *Unreadable
			if !errors.As(err, &unreadable) || events != nil || unreadable.Remedy == "" || len(err.Error()) > 500 {
				t.Fatalf("%v, %v", events, err)
			}
			return
		}
		if len(events) == 0 {
			t.Fatal("a body was passed over in silence")
		}
		for _, e := range events {
			checkSound(t, e)
		}
		again, _ := Normalise(provider, slices.Clone(body), noHeader, receipt)
		if diff := gocmp.Diff(events, again); diff != "" {
			t.Fatalf("the same bytes mean something else\n%s", diff)
		}
	})
}

// checkSound wants an event that the ledger can take.
func checkSound(t *testing.T, e Event) {
	t.Helper()
	if e.Provider == "" || e.ID == "" || e.Key == "" || e.Type == "" || e.OccurredAt.IsZero() {
		t.Fatalf("incomplete: %+v", e)
	}
	if !slices.Contains(actions(), e.Action) {
		t.Fatalf("no action: %q", e.Action)
	}
	if e.Action != ActionIgnore && e.Action != ActionContact && e.Subject.ID == "" && len(e.Aliases) == 0 {
		t.Fatalf("about nothing: %+v", e)
	}
	for _, names := range append([][]string{e.Products, e.Aliases}, e.Items...) {
		if len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) || slices.Contains(names, "") {
			t.Fatalf("names twice or nothing: %q", names)
		}
	}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatalf("cannot be kept: %v", err)
	}
	var kept Event
	if err := json.Unmarshal(b, &kept); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(e, kept); diff != "" {
		t.Fatalf("is kept as another event\n%s", diff)
	}
}

func actions() []Action {
	return []Action{
		ActionGrant, ActionExtend, ActionKeepUntil, ActionUncancel, ActionPastDue, ActionRevoke, ActionSuspend, ActionResume,
		ActionRefund, ActionPartialRefund, ActionDispute, ActionDisputeWon, ActionDisputeLost, ActionContact, ActionLink, ActionIgnore,
	}
}

func FuzzVerifyStandardWebhooks(f *testing.F) {
	fuzzVerify(f, Polar, "Webhook-Signature", "v1,AAAA v2,x v1,", "1793534405")
}

func FuzzVerifyStripe(f *testing.F) {
	fuzzVerify(f, Stripe, "Stripe-Signature", "t=1793534405,v1=00,v1=zz,v0=1", "")
}

func FuzzVerifyPaddle(f *testing.F) {
	fuzzVerify(f, Paddle, "Paddle-Signature", "ts=1793534405;h1=00;h1=zz", "")
}

func FuzzVerifyHexOfBody(f *testing.F) {
	fuzzVerify(f, LemonSqueezy, "X-Signature", strings.Repeat("0", 64), "")
}

// fuzzVerify wants that nobody gets in without the secret, that what was signed does,
// and that no other body does with the same signature.
func fuzzVerify(f *testing.F, provider, header, value, sent string) {
	const secret = "whsec_0123456789ABCDEFGHIJKLMNOPQRSTUV"
	f.Add(value, sent, "msg_1", []byte(`{"a":1}`), byte(1))
	f.Add("", "", "", []byte{}, byte(0))
	f.Fuzz(func(t *testing.T, value, sent, id string, body []byte, flip byte) {
		forged := headerOf(map[string]string{header: value, "Webhook-Timestamp": sent, "Webhook-Id": id})
		if forged(header) != value {
			forged = func(string) string { return value }
		}
		var refused *Refused
		if err := Verify(provider, []string{secret}, forged, body, receipt); !errors.As(err, &refused) || refused.Reason == "" {
			t.Fatalf("took %q for a signature: %v", value, err)
		}
		signed, err := Sign(provider, secret, body, receipt)
		if err != nil {
			t.Fatal(err)
		}
		genuine := headerOf(signed.Header)
		if err := Verify(provider, []string{"", value, secret}, genuine, signed.Body, receipt.Add(time.Minute)); err != nil {
			t.Fatalf("refused its own: %v", err)
		}
		other := append(slices.Clone(body), flip)
		if got := reason(Verify(provider, []string{secret}, genuine, other, receipt)); got != ReasonMismatch {
			t.Fatalf("took another body: %q", got)
		}
	})
}
