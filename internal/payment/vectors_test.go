package payment

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// vector is a known answer of _vectors/vectors.json.
type vector struct {
	Name     string            `json:"name"`
	Scheme   string            `json:"scheme"`
	Secret   string            `json:"secret"`
	Body     string            `json:"body"`
	BodyFile string            `json:"body_file"`
	Headers  map[string]string `json:"headers"`
	At       int64             `json:"verify_at_unix"`
	Expect   string            `json:"expect"`
}

func (v vector) bytes(t *testing.T) []byte {
	t.Helper()
	if v.BodyFile != "" {
		return fixture(t, v.BodyFile)
	}
	return []byte(v.Body)
}

// headerOf looks names up as net/http does, whatever their case.
func headerOf(headers map[string]string) func(string) string {
	h := http.Header{}
	for name, value := range headers {
		h.Set(name, value)
	}
	return h.Get
}

func vectors(t *testing.T) []vector {
	t.Helper()
	var all []vector
	if err := json.Unmarshal(fixture(t, "_vectors/vectors.json"), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryVectorIsVerifiedAsItsSchemeSays(t *testing.T) {
	t.Parallel()
	verified := map[string]int{}
	for _, v := range vectors(t) {
		provider, secret := "", v.Secret
		switch v.Scheme {
		case "standard-webhooks-v1":
			// The public vectors have a key in base64. Polar's key is the text itself: the
			// same check with the decoded bytes has to agree with the libraries.
			key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
			if err != nil {
				t.Fatal(err)
			}
			provider, secret = Polar, string(key)
		case "standard-webhooks-v1, raw utf8 key":
			provider = Polar
		case "stripe":
			provider = Stripe
		case "paddle":
			provider = Paddle
		case "hmac-sha256-hex(raw body)":
			provider = LemonSqueezy
		default:
			continue
		}
		verified[provider]++
		err := Verify(provider, []string{"another secret", secret}, headerOf(v.Headers), v.bytes(t), time.Unix(v.At, 0))
		if valid := err == nil; valid != (v.Expect == "valid") {
			t.Errorf("%s: %v, want it %s", v.Name, err, v.Expect)
		}
	}
	for provider, n := range map[string]int{Polar: 6, Stripe: 2, Paddle: 1, LemonSqueezy: 1} {
		if verified[provider] != n {
			t.Errorf("%d vectors of %s, want %d", verified[provider], provider, n)
		}
	}
}

// hmacProviders are those whose webhooks carry a signature by a shared secret.
func hmacProviders() []string { return []string{Polar, Stripe, Paddle, LemonSqueezy} }

func reason(err error) Reason {
	var refused *Refused
	if errors.As(err, &refused) {
		return refused.Reason
	}
	return ""
}

func TestASignatureCountsWithinFiveMinutesOfItsReceipt(t *testing.T) {
	t.Parallel()
	body := []byte(`{"a":1}`)
	for _, provider := range []string{Polar, Stripe, Paddle} {
		signed, err := Sign(provider, "s3cret", body, receipt)
		if err != nil {
			t.Fatal(err)
		}
		for late, want := range map[time.Duration]Reason{
			0: "", 5 * time.Minute: "", -5 * time.Minute: "",
			5*time.Minute + time.Second: ReasonExpired, -5*time.Minute - time.Second: ReasonExpired, -48 * time.Hour: ReasonExpired,
		} {
			err := Verify(provider, []string{"s3cret"}, headerOf(signed.Header), signed.Body, receipt.Add(late))
			if got := reason(err); got != want || want == "" && err != nil {
				t.Errorf("%s, %v after it was signed: %q, want %q", provider, late, got, want)
			}
		}
	}
}

func TestEachSecretThatCountsMayHaveSigned(t *testing.T) {
	t.Parallel()
	body := []byte(`{"a":1}`)
	for _, provider := range hmacProviders() {
		for secrets, want := range map[string]Reason{
			"old": "", "new": ReasonMismatch, "old new": "", "new old": "", "x y old z": "", "": ReasonNoProof, "new x": ReasonMismatch,
		} {
			signed, err := Sign(provider, "old", body, receipt)
			if err != nil {
				t.Fatal(err)
			}
			err = Verify(provider, strings.Split(secrets, " "), headerOf(signed.Header), signed.Body, receipt)
			if got := reason(err); got != want || want == "" && err != nil {
				t.Errorf("%s with %q: %v, want %q", provider, secrets, err, want)
			}
		}
	}
}

// While a provider's secret changes, it signs with both.
func TestOneGenuineSignatureOfSeveralIsEnough(t *testing.T) {
	t.Parallel()
	body, at := []byte(`{"a":1}`), strconv.FormatInt(receipt.Unix(), 10)
	sum := func(secret, joint string) string { return hex.EncodeToString(mac(secret, []byte(at+joint), body)) }
	base := func(secret string) string {
		return base64.StdEncoding.EncodeToString(mac(secret, []byte("msg_1."+at+"."), body))
	}
	for provider, headers := range map[string]map[string]string{
		Stripe: {"stripe-signature": "t=" + at + ", v1=" + sum("new", ".") + ", v1=" + sum("old", ".") + ",v0=00,v2=zz"},
		Paddle: {"paddle-signature": "ts=" + at + "; h1=" + sum("new", ":") + ";h1=" + sum("old", ":") + ";h9=x"},
		Polar: {
			"WEBHOOK-ID": "msg_1", "webhook-timestamp": at,
			"webhook-signature": "v1a,xx v1," + base("new") + " v1," + base("old"),
		},
	} {
		for _, secret := range []string{"old", "new"} {
			if err := Verify(provider, []string{secret}, headerOf(headers), body, receipt); err != nil {
				t.Errorf("%s with the %s secret: %v", provider, secret, err)
			}
		}
	}
}

func TestWhatIsNoSignatureIsRefusedForItsReason(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("0", 64)
	at := strconv.FormatInt(receipt.Unix(), 10)
	for _, c := range []struct {
		provider string
		headers  map[string]string
		want     Reason
	}{
		{Stripe, nil, ReasonMissing},
		{Stripe, map[string]string{"Stripe-Signature": " "}, ReasonMissing},
		{Stripe, map[string]string{"Stripe-Signature": "nonsense"}, ReasonMalformed},
		{Stripe, map[string]string{"Stripe-Signature": "t=" + at}, ReasonMalformed},
		{Stripe, map[string]string{"Stripe-Signature": "v1=" + zeros}, ReasonMalformed},
		{Stripe, map[string]string{"Stripe-Signature": "t=" + at + ",v1=zz"}, ReasonMalformed},
		{Stripe, map[string]string{"Stripe-Signature": "t=" + at + ",t=" + at + ",v1=" + zeros}, ReasonMalformed},
		{Stripe, map[string]string{"Stripe-Signature": "t=-1,v1=" + zeros}, ReasonMalformed},
		{Stripe, map[string]string{"Stripe-Signature": "t=9999999999999,v1=" + zeros}, ReasonMalformed},
		{Stripe, map[string]string{"Stripe-Signature": "t=" + at + strings.Repeat(",v1="+zeros, 17)}, ReasonMalformed},
		{Stripe, map[string]string{"Stripe-Signature": "t=" + at + ",v1=" + zeros}, ReasonMismatch},
		{Stripe, map[string]string{"Stripe-Signature": "t=1,v1=" + zeros}, ReasonMismatch},
		{Paddle, nil, ReasonMissing},
		{Paddle, map[string]string{"Paddle-Signature": "ts=" + at + ",h1=" + zeros}, ReasonMalformed},
		{Paddle, map[string]string{"Paddle-Signature": "ts=" + at + ";h1=" + zeros}, ReasonMismatch},
		{Polar, nil, ReasonMissing},
		{Polar, map[string]string{"Webhook-Id": "m", "Webhook-Timestamp": at}, ReasonMissing},
		{Polar, map[string]string{"Webhook-Id": "m", "Webhook-Timestamp": "x", "Webhook-Signature": "v1,AAAA"}, ReasonMalformed},
		{Polar, map[string]string{"Webhook-Id": "m", "Webhook-Timestamp": at, "Webhook-Signature": "AAAA"}, ReasonMalformed},
		{Polar, map[string]string{"Webhook-Id": "m", "Webhook-Timestamp": at, "Webhook-Signature": "v1,AAAA"}, ReasonMismatch},
		{LemonSqueezy, nil, ReasonMissing},
		{LemonSqueezy, map[string]string{"X-Signature": "not hex"}, ReasonMalformed},
		{LemonSqueezy, map[string]string{"X-Signature": zeros}, ReasonMismatch},
		{PayPal, nil, ReasonNoProof},
		{"nobody", nil, ReasonNoProof},
	} {
		err := Verify(c.provider, []string{"s3cret"}, headerOf(c.headers), []byte(`{}`), receipt)
		if got := reason(err); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.provider, c.headers, got, c.want)
		}
	}
}

func TestOneByteLessOrMoreIsAnotherBody(t *testing.T) {
	t.Parallel()
	body := fixture(t, "stripe/invoice.paid.json")
	for _, provider := range hmacProviders() {
		signed, err := Sign(provider, "s3cret", body, receipt)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range [][]byte{body[:len(body)-1], append(slices.Clone(body), '\n'), append([]byte(" "), body...)} {
			if got := reason(Verify(provider, []string{"s3cret"}, headerOf(signed.Header), other, receipt)); got != ReasonMismatch {
				t.Errorf("%s took a changed body: %q", provider, got)
			}
		}
		if err := Verify(provider, []string{"s3cret"}, headerOf(signed.Header), body, receipt); err != nil {
			t.Errorf("%s: %v", provider, err)
		}
	}
}
