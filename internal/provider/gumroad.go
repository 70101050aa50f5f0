package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
)

// OpSale is what Gumroad is asked for.
const OpSale = "sale"

const gumroadURL = "https://api.gumroad.com"

// GumroadOptions configures a Gumroad.
type GumroadOptions struct {
	Key     string       // an access token with the scope view_sales; required
	HTTP    *http.Client // required; its redirect policy and timeout are replaced
	Observe Observe      // nil: nobody
	URL     string       // for tests; "" is Gumroad's
}

// Gumroad asks Gumroad about sales. It is safe for concurrent use.
type Gumroad struct {
	asker     asker
	url       string
	authorize func(http.Header) // a closure, so that printing a Gumroad shows no key
}

// NewGumroad checks the options; it makes no request.
func NewGumroad(o GumroadOptions) (*Gumroad, error) {
	a, err := newAsker(payment.Gumroad, o.HTTP, o.Observe)
	if err != nil {
		return nil, err
	}
	if o.Key == "" || strings.ContainsFunc(o.Key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("gumroad: the access token is empty or has characters that none has")
	}
	key, base := o.Key, strings.TrimRight(o.URL, "/")
	if base == "" {
		base = gumroadURL
	}
	return &Gumroad{asker: a, url: base, authorize: func(h http.Header) { h.Set("Authorization", "Bearer "+key) }}, nil
}

// Confirm tells whether Gumroad knows of what a ping says: nil, *payment.Refused, or
// an *Error if Gumroad did not answer, or has no such sale: its books may show one
// moments after its ping, and nobody is to lose a purchase by that. Gumroad signs no
// ping, so who learned the webhook's address could make one up; what is compared is
// what gives access or takes it. A ping that names no sale, or has nothing to do with
// access, needs no answer.
func (g *Gumroad) Confirm(ctx context.Context, body []byte) error {
	events, err := payment.Normalise(payment.Gumroad, body, nil, time.Time{})
	if err != nil {
		return err
	}
	for _, e := range events {
		id := saleOf(e)
		if e.Action == payment.ActionIgnore || id == "" {
			continue
		}
		sale, err := g.sale(ctx, id)
		if err != nil {
			return err
		}
		if !sale.agrees(e) {
			return &payment.Refused{Reason: payment.ReasonMismatch}
		}
	}
	return nil
}

func saleOf(e payment.Event) string {
	for _, a := range e.Aliases {
		if id, ok := strings.CutPrefix(a, "sale:"); ok {
			return id
		}
	}
	return ""
}

// gumroadSale is what the API shows of a sale, as far as it is compared.
// (gumroad.com/api#get-/sales/:id)
type gumroadSale struct {
	ProductID     string `json:"product_id"`
	Email         string `json:"email"`
	PurchaseEmail string `json:"purchase_email"`
	Subscription  string `json:"subscription_id"`
	Refunded      bool   `json:"refunded"`
	PartlyBack    bool   `json:"partially_refunded"`
	ChargedBack   bool   `json:"chargedback"`
	Disputed      bool   `json:"disputed"`
	DisputeWon    bool   `json:"dispute_won"`
	Cancelled     bool   `json:"cancelled"`
	Ended         bool   `json:"ended"`
}

// sale asks for a sale. One that there is not is an *Error of the kind NotFound,
// whether Gumroad says so by 404 or by success: false.
func (g *Gumroad) sale(ctx context.Context, id string) (gumroadSale, error) {
	q := question{
		op: OpSale, method: http.MethodGet, url: g.url + "/v2/sales/" + url.PathEscape(id),
		header: http.Header{"Accept": {"application/json"}}, limit: 1 << 20,
	}
	g.authorize(q.header)
	body, err := g.asker.ask(ctx, q)
	if err != nil {
		return gumroadSale{}, err
	}
	var answer struct {
		Success *bool        `json:"success"`
		Sale    *gumroadSale `json:"sale"`
	}
	switch err := json.Unmarshal(body, &answer); {
	case err != nil || answer.Success == nil:
		return gumroadSale{}, failed(payment.Gumroad, OpSale, errNotTheirs)
	case !*answer.Success:
		return gumroadSale{}, &Error{Provider: payment.Gumroad, Op: OpSale, Status: http.StatusNotFound}
	case answer.Sale == nil || answer.Sale.ProductID == "":
		return gumroadSale{}, failed(payment.Gumroad, OpSale, errNotTheirs)
	}
	return *answer.Sale, nil
}

// agrees says whether the sale is the one that the event tells of, and in that state.
func (s gumroadSale) agrees(e payment.Event) bool {
	who := e.Customer.Email
	switch {
	case len(e.Products) > 0 && !slices.Contains(e.Products, s.ProductID):
		return false
	case who != "" && !member.SameAddress(who, s.Email) && !member.SameAddress(who, s.PurchaseEmail):
		return false
	case e.Subject.Kind == payment.Subscription && s.Subscription != e.Subject.ID:
		return false
	}
	switch e.Action {
	case payment.ActionRefund:
		return s.Refunded
	case payment.ActionPartialRefund:
		return s.Refunded || s.PartlyBack
	case payment.ActionDispute:
		return s.Disputed || s.ChargedBack
	case payment.ActionDisputeWon:
		return s.DisputeWon
	case payment.ActionKeepUntil:
		return s.Cancelled || s.Ended
	case payment.ActionRevoke:
		return s.Ended || s.Cancelled
	}
	return !s.Refunded
}
