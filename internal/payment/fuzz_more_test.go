package payment

import (
	"bytes"
	"errors"
	"testing"
)

func FuzzNormalisePayPal(f *testing.F)  { fuzzNormalise(f, PayPal) }
func FuzzNormaliseIPN(f *testing.F)     { fuzzNormalise(f, PayPalIPN) }
func FuzzNormaliseZapier(f *testing.F)  { fuzzNormalise(f, Zapier) }
func FuzzNormaliseGumroad(f *testing.F) { fuzzNormalise(f, Gumroad) }
func FuzzNormaliseKofi(f *testing.F)    { fuzzNormalise(f, Kofi) }

// FuzzProofs wants of any delivery that it is refused for a reason, and that the
// message which PayPal is asked about is the one that came.
func FuzzProofs(f *testing.F) {
	f.Add("Bearer x", []byte(`data={"verification_token":"x"}`))
	f.Add("x", []byte("receiver_email=seller%40example.test&test_ipn=1"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		anywhere := func(string) string { return header }
		proofs := []string{"no stranger knows this"}
		for _, err := range []error{
			Verify(Zapier, proofs, anywhere, body, receipt), Verify(Gumroad, proofs, anywhere, body, receipt),
			Verify(Kofi, proofs, anywhere, body, receipt), CheckReceiver(proofs, body),
			VerifyPayPal(proofs, anywhere, body, nil, receipt),
		} {
			var refused *Refused
			if !errors.As(err, &refused) || refused.Reason == "" {
				t.Fatalf("%q with %q: %v", body, header, err)
			}
		}
		IPNSandbox(body)
		if sent := IPNPostBack(body); !bytes.HasSuffix(sent, body) || len(sent) != len("cmd=_notify-validate&")+len(body) {
			t.Fatalf("PayPal is asked about %q instead of %q", sent, body)
		}
	})
}
