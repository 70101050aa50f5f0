package payment

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// delivery is what reached us of one webhook, or was made of one record of a
// provider's API.
type delivery struct {
	body       []byte
	header     func(string) string // case-insensitive; "" for what is not there
	receivedAt time.Time           // stands in where a body tells no time
}

// normaliser finds how a provider's bodies are read; nil for a stranger.
func normaliser(provider string) func(delivery) ([]Event, error) {
	switch provider {
	case Polar:
		return normalisePolar
	case Stripe:
		return normaliseStripe
	case PayPal:
		return normalisePayPal
	case PayPalIPN:
		return normaliseIPN
	case Zapier:
		return normaliseZapier
	case Paddle:
		return normalisePaddle
	case LemonSqueezy:
		return normaliseLemonSqueezy
	case Gumroad:
		return normaliseGumroad
	case Kofi:
		return normaliseKofi
	}
	return nil
}

// Normalise reads what a provider sent, after it was verified. There are several
// events where one body tells of several purchases, and exactly one with ActionIgnore
// where a body has nothing to do with access.
//
// What it cannot take is an *Unreadable error: the bytes have to be kept, and somebody
// has to look.
func Normalise(provider string, body []byte, header func(string) string, receivedAt time.Time) ([]Event, error) {
	read := normaliser(provider)
	if read == nil {
		return nil, &Unreadable{Provider: provider, What: "no such payment provider", Remedy: "correct the webhook's address"}
	}
	if header == nil {
		header = func(string) string { return "" }
	}
	events, err := read(delivery{body: body, header: header, receivedAt: receivedAt})
	if err != nil {
		return nil, err
	}
	for i := range events {
		events[i].complete(provider, body, receivedAt)
	}
	return events, nil
}

// complete sets what every provider's events have in common.
func (e *Event) complete(provider string, body []byte, receivedAt time.Time) {
	e.Provider = provider
	if e.ID == "" {
		sum := sha256.Sum256(body)
		e.ID = hex.EncodeToString(sum[:])
	}
	if e.Key == "" {
		e.Key = e.ID
	}
	if e.OccurredAt.IsZero() {
		e.OccurredAt = receivedAt
	}
	e.OccurredAt, e.PeriodEnd = e.OccurredAt.UTC(), e.PeriodEnd.UTC()
	e.Amount.Currency = strings.ToUpper(e.Amount.Currency)
	e.Customer.Email = cleanEmail(e.Customer.Email)
	e.Customer.MemberEmail = cleanEmail(e.Customer.MemberEmail)
	e.Customer.Name = strings.TrimSpace(e.Customer.Name)
	e.conceal()
	e.Test = e.Test || e.Rehearsed()
}

// cleanEmail is an address as Ghost is asked for it: lower case, since Ghost on
// SQLite takes two spellings for two members.
func cleanEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// Unreadable says that a genuine body could not be understood, and what to do.
// It names fields and types, never their values.
type Unreadable struct {
	Provider string
	What     string // what is wrong with the body
	Remedy   string // what an operator can do
}

func (e *Unreadable) Error() string {
	return e.Provider + " event: " + e.What + "; " + e.Remedy
}
