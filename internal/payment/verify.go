package payment

import (
	"time"
)

// Tolerance is how far the time in a signature may be from the time of receipt, in
// both directions.
const Tolerance = 5 * time.Minute

// Reason is why a delivery was refused.
type Reason string

// The reasons.
const (
	ReasonMissing   Reason = "missing"   // no signature or token
	ReasonMalformed Reason = "malformed" // one that cannot be read
	ReasonMismatch  Reason = "mismatch"  // one that none of our secrets made
	ReasonExpired   Reason = "expired"   // made too long ago, or in the future
	ReasonNoProof   Reason = "no_proof"  // we have no secret, or this provider is verified otherwise
	ReasonTest      Reason = "test"      // genuine, but of a sandbox, which is switched off
)

// Refused says why a delivery is not taken. It holds nothing of the delivery.
type Refused struct{ Reason Reason }

func (e *Refused) Error() string { return "payment webhook refused: " + string(e.Reason) }

// proof is what a verifier looks at.
type proof struct {
	secrets []string // any one may have signed; an empty one never matches
	header  func(string) string
	body    []byte
	at      time.Time // of receipt
}

// verifier finds how a provider proves its deliveries; nil for a stranger, and for
// those who are verified by asking them (VerifyPayPal, IPNPostBack).
func verifier(provider string) func(proof) error {
	switch provider {
	case Polar:
		return verifyPolar
	case Stripe:
		return verifyStripe
	case Paddle:
		return verifyPaddle
	case LemonSqueezy:
		return verifyLemonSqueezy
	case Zapier:
		return verifyZapier
	case Gumroad:
		return verifyGumroad
	case Kofi:
		return verifyKofi
	}
	return nil
}

// Verify tells whether a provider made this delivery: nil, or *Refused. The proofs
// are the secrets or tokens that count at present, several while they are rotated.
// At is the time of receipt, so that an old delivery can be verified again.
func Verify(provider string, proofs []string, header func(string) string, body []byte, at time.Time) error {
	verify := verifier(provider)
	if verify == nil || len(proofs) == 0 {
		return &Refused{Reason: ReasonNoProof}
	}
	return verify(proof{secrets: proofs, header: header, body: body, at: at})
}
