package payment

import (
	"errors"
	"time"
)

// Signed is a delivery as the provider would make it.
type Signed struct {
	Body   []byte
	Header map[string]string // with the Content-Type
	Query  map[string]string // what belongs into the webhook's address
}

// ErrCannotSign says that only the provider itself can make a delivery that is taken
// for its own: PayPal signs with a key of its own, and answers for its IPNs.
var ErrCannotSign = errors.New("only the provider can sign for itself")

// Sign proves a body as the provider would at a moment, with one of our secrets. Tests
// and the operator's rehearsal sign with it.
func Sign(provider, secret string, body []byte, at time.Time) (Signed, error) {
	switch provider {
	case Polar:
		return signPolar(secret, body, at), nil
	case Stripe:
		return signStripe(secret, body, at), nil
	case Paddle:
		return signPaddle(secret, body, at), nil
	case LemonSqueezy:
		return signLemonSqueezy(secret, body), nil
	case Zapier:
		return signZapier(secret, body), nil
	case Gumroad:
		return signGumroad(secret, body), nil
	case Kofi:
		return signKofi(secret, body), nil
	}
	return Signed{}, ErrCannotSign
}

// testMark stands in the ids of rehearsed purchases. Normalise tells them by it where a
// provider has no test mode of its own, so that a rehearsal never grants anything.
const testMark = "ghostcm-test"

// TestEvent is the body by which a provider would tell of a purchase of product by
// email at a moment: one that is new each time, and marked as a test.
func TestEvent(provider, product, email string, at time.Time) ([]byte, error) {
	t := rehearsal{product: product, email: email, at: at.UTC()}
	switch provider {
	case Polar:
		return t.polar(), nil
	case Stripe:
		return t.stripe(), nil
	case PayPal:
		return t.payPal(), nil
	case PayPalIPN:
		return t.ipn(), nil
	case Zapier:
		return t.zapier(), nil
	case Paddle:
		return t.paddle(), nil
	case LemonSqueezy:
		return t.lemonSqueezy(), nil
	case Gumroad:
		return t.gumroad(), nil
	case Kofi:
		return t.kofi(), nil
	}
	return nil, &Unreadable{Provider: provider, What: "no such payment provider", Remedy: "name one of those that the site has"}
}

// rehearsal is what a test event tells of.
type rehearsal struct {
	product, email string
	at             time.Time
}
