package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// OpCustomer is what a provider is asked for whose events name a customer by id only.
const OpCustomer = "customer"

// CustomersOptions configures Customers.
type CustomersOptions struct {
	Key     string       // the provider's API key; required
	HTTP    *http.Client // required; its redirect policy and timeout are replaced
	Observe Observe      // nil: nobody
	URL     string       // for tests; "" is the provider's
}

// Customers asks a provider who its customers are. It is safe for concurrent use.
type Customers struct {
	asker     asker
	address   string            // of a customer, before the id
	authorize func(http.Header) // a closure, so that printing Customers shows no key
}

// NewCustomers checks the options; it makes no request. Paddle and Stripe can be
// asked.
func NewCustomers(name string, o CustomersOptions) (*Customers, error) {
	base, path := "", ""
	switch name {
	case payment.Paddle:
		// paddle.com: "API keys … contain _live_ or _sdbx_"
		if base, path = "https://api.paddle.com", "/customers/"; strings.Contains(o.Key, "_sdbx_") {
			base = "https://sandbox-api.paddle.com"
		}
	case payment.Stripe:
		base, path = "https://api.stripe.com", "/v1/customers/"
	default:
		return nil, errors.New(name + ": it cannot be asked who its customers are")
	}
	a, err := newAsker(name, o.HTTP, o.Observe)
	if err != nil {
		return nil, err
	}
	if o.Key == "" || strings.ContainsFunc(o.Key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New(name + ": the API key is empty or has characters that none has")
	}
	if o.URL != "" {
		base = strings.TrimRight(o.URL, "/")
	}
	key := o.Key
	return &Customers{asker: a, address: base + path, authorize: func(h http.Header) { h.Set("Authorization", "Bearer "+key) }}, nil
}

// Customer asks who a customer is. found is false for one that there is not, that
// was deleted, or that has no address.
func (c *Customers) Customer(ctx context.Context, id string) (customer payment.Customer, found bool, err error) {
	q := question{
		op: OpCustomer, method: http.MethodGet, url: c.address + url.PathEscape(id),
		header: http.Header{"Accept": {"application/json"}}, limit: 1 << 20,
	}
	c.authorize(q.header)
	body, err := c.asker.ask(ctx, q)
	if KindOf(err) == NotFound {
		return payment.Customer{}, false, nil
	}
	if err != nil {
		return payment.Customer{}, false, err
	}
	type person struct {
		ID      string `json:"id"`
		Email   string `json:"email"`
		Name    string `json:"name"`
		Deleted bool   `json:"deleted"`
	}
	var answer struct {
		person
		Data *person `json:"data"` // Paddle's
	}
	if json.Unmarshal(body, &answer) != nil {
		return payment.Customer{}, false, failed(c.asker.provider, OpCustomer, errNotTheirs)
	}
	if answer.Data != nil {
		answer.person = *answer.Data
	}
	if answer.ID != id {
		return payment.Customer{}, false, failed(c.asker.provider, OpCustomer, errNotTheirs)
	}
	customer = payment.Customer{ID: id, Email: strings.ToLower(strings.TrimSpace(answer.Email)), Name: strings.TrimSpace(answer.Name)}
	return customer, customer.Email != "" && !answer.Deleted, nil
}
