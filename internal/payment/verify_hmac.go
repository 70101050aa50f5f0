package payment

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// claim is what a delivery says of who made it: an HMAC-SHA256 over what was signed.
type claim struct {
	sums   [][]byte  // any one may be right: providers send several while a secret changes
	signed [][]byte  // the parts of what was signed, in order
	sentAt time.Time // zero: the scheme has no time
}

// maxSums is how many signatures of one delivery are looked at.
const maxSums = 16

// check compares every secret with every signature, also after a match, so that the
// time it takes tells nothing. A mismatch is decided before expiry, because a time
// that nobody signed tells nothing either.
func (p proof) check(c claim) error {
	if len(c.sums) == 0 || len(c.sums) > maxSums {
		return &Refused{Reason: ReasonMalformed}
	}
	matched, keys := false, 0
	for _, secret := range p.secrets {
		if secret == "" {
			continue
		}
		keys++
		want := mac(secret, c.signed...)
		for _, sum := range c.sums {
			if hmac.Equal(sum, want) {
				matched = true
			}
		}
	}
	switch {
	case keys == 0:
		return &Refused{Reason: ReasonNoProof}
	case !matched:
		return &Refused{Reason: ReasonMismatch}
	case !c.sentAt.IsZero() && p.at.Sub(c.sentAt).Abs() > Tolerance:
		return &Refused{Reason: ReasonExpired}
	}
	return nil
}

func mac(secret string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// verifyPolar checks a Standard Webhook whose key is the bytes of the whole secret as
// Polar shows it, prefix and all: Polar encodes it before the library decodes it.
// (polarsource/polar, server/polar/webhook/tasks.py)
func verifyPolar(p proof) error {
	id, sent, list := p.header("webhook-id"), p.header("webhook-timestamp"), p.header("webhook-signature")
	if id == "" || sent == "" || list == "" {
		return &Refused{Reason: ReasonMissing}
	}
	sentAt, ok := signedSeconds(sent)
	if !ok {
		return &Refused{Reason: ReasonMalformed}
	}
	c := claim{signed: [][]byte{[]byte(id + "." + sent + "."), p.body}, sentAt: sentAt}
	for part := range strings.FieldsSeq(list) {
		version, encoded, _ := strings.Cut(part, ",")
		if sum, err := base64.StdEncoding.DecodeString(encoded); version == "v1" && err == nil {
			c.sums = append(c.sums, sum)
		}
	}
	return p.check(c)
}

func signPolar(secret string, body []byte, at time.Time) Signed {
	sum := sha256.Sum256(body)
	id, sent := "msg_"+hex.EncodeToString(sum[:12]), strconv.FormatInt(at.Unix(), 10)
	signature := base64.StdEncoding.EncodeToString(mac(secret, []byte(id+"."+sent+"."), body))
	return signedJSON(body, map[string]string{
		"Webhook-Id": id, "Webhook-Timestamp": sent, "Webhook-Signature": "v1," + signature,
	})
}

// verifyStripe checks "t=…,v1=…[,v1=…]", made with the whole secret as it is shown.
// (docs.stripe.com/webhooks/signatures)
func verifyStripe(p proof) error {
	return p.timed("Stripe-Signature", ",", "t", "v1", ".")
}

func signStripe(secret string, body []byte, at time.Time) Signed {
	sent := strconv.FormatInt(at.Unix(), 10)
	return signedJSON(body, map[string]string{
		"Stripe-Signature": "t=" + sent + ",v1=" + hex.EncodeToString(mac(secret, []byte(sent+"."), body)),
	})
}

// verifyPaddle checks "ts=…;h1=…[;h1=…]". Paddle's documents want it within 5 s, which
// would refuse the next slow link; ours is the tolerance of all.
// (developer.paddle.com/webhooks/signature-verification)
func verifyPaddle(p proof) error {
	return p.timed("Paddle-Signature", ";", "ts", "h1", ":")
}

func signPaddle(secret string, body []byte, at time.Time) Signed {
	sent := strconv.FormatInt(at.Unix(), 10)
	return signedJSON(body, map[string]string{
		"Paddle-Signature": "ts=" + sent + ";h1=" + hex.EncodeToString(mac(secret, []byte(sent+":"), body)),
	})
}

// verifyLemonSqueezy checks the bare sum of the body. There is no time in it: an old
// delivery stays genuine, and is known by its body.
// (docs.lemonsqueezy.com/help/webhooks/signing-requests)
func verifyLemonSqueezy(p proof) error {
	header := strings.TrimSpace(p.header("X-Signature"))
	if header == "" {
		return &Refused{Reason: ReasonMissing}
	}
	sum, err := hex.DecodeString(header)
	if err != nil {
		return &Refused{Reason: ReasonMalformed}
	}
	return p.check(claim{sums: [][]byte{sum}, signed: [][]byte{p.body}})
}

func signLemonSqueezy(secret string, body []byte) Signed {
	return signedJSON(body, map[string]string{"X-Signature": hex.EncodeToString(mac(secret, body))})
}

func signedJSON(body []byte, header map[string]string) Signed {
	header["Content-Type"] = "application/json"
	return Signed{Body: body, Header: header}
}

// timed checks a header of key=value parts, in which the time comes once and the sums
// in hex. What was signed is the time as written, the joint, and the body.
func (p proof) timed(name, between, timeKey, sumKey, joint string) error {
	header := strings.TrimSpace(p.header(name))
	if header == "" {
		return &Refused{Reason: ReasonMissing}
	}
	var c claim
	sent := ""
	for part := range strings.SplitSeq(header, between) {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case timeKey:
			if sent != "" {
				return &Refused{Reason: ReasonMalformed}
			}
			sent = value
		case sumKey:
			if sum, err := hex.DecodeString(value); err == nil {
				c.sums = append(c.sums, sum)
			}
		}
	}
	sentAt, ok := signedSeconds(sent)
	if !ok {
		return &Refused{Reason: ReasonMalformed}
	}
	c.signed, c.sentAt = [][]byte{[]byte(sent + joint), p.body}, sentAt
	return p.check(c)
}

// signedSeconds reads the time in a signature, in seconds since 1970. Twelve digits
// are more than any that could be fresh.
func signedSeconds(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || len(s) > 12 {
		return time.Time{}, false
	}
	return time.Unix(n, 0), true
}
