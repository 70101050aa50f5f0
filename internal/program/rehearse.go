package program

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/webhook"
)

// RehearseOptions say which purchase is rehearsed, and where.
type RehearseOptions struct {
	Site, Provider string
	Product        string // "" is the first that is mapped for the provider
	Email          string // of the buyer; "" is nobody's
	URL            string // of the running serve, without a path
}

// Rehearsal is what came of a rehearsed purchase. Nothing was granted to anybody.
type Rehearsal struct {
	URL string // where it was posted
	// Signed is whether we could make an event that passes for the provider's.
	Signed bool
	// Status is that of the answer, 0 if there was none; Code is what its body said.
	Status int
	Code   string
	Took   time.Duration
	// Verified is whether the running serve took the event for the provider's.
	Verified bool

	Product string
	Tier    string // "" gives nothing
	State   payment.State
	Until   time.Time // with grace: what would be written into Ghost
	Buyer   string    // who would have it, without an address
	// Problems are what would keep a real purchase from becoming access, in words.
	Problems []string
}

const (
	rehearsalWithin  = 15 * time.Second
	rehearsalAnswer  = 64 << 10 // bytes
	rehearsedByWhom  = "ghostcm-test@example.com"
	rehearsedProduct = "ghostcm-test-product"
)

// rehearsal is one under way.
type rehearsal struct {
	*Program
	RehearseOptions
	Rehearsal
	site   config.Site
	of     config.Provider
	signed payment.Signed
	at     time.Time
}

// Rehearse posts a signed test event to the real endpoint of a running serve, and
// says what it did, and what a real purchase like it would give. The event is marked
// as a test, so that whoever takes it grants nothing. The error is of a site or
// provider that is not configured, or of Redis.
func (p *Program) Rehearse(ctx context.Context, o RehearseOptions) (Rehearsal, error) {
	site, known := p.opt.Config.Site(o.Site)
	of, sells := site.Payments.Provider(o.Provider)
	if !known || !sells || len(of.Proofs) == 0 {
		return Rehearsal{}, fmt.Errorf("%s of %s is not configured", o.Provider, o.Site)
	}
	r := &rehearsal{Program: p, RehearseOptions: o, site: site, of: of, at: time.Now()}
	r.Rehearsal.URL = strings.TrimSuffix(o.URL, "/") + webhook.PaymentPath + site.Name + "/" + of.Name
	if err := r.foresee(); err != nil {
		return Rehearsal{}, err
	}
	r.send(ctx)
	if err := r.look(ctx); err != nil {
		return Rehearsal{}, err
	}
	r.askGhost(ctx)
	return r.Rehearsal, nil
}

// foresee makes the event, and says what a real one like it would give.
func (r *rehearsal) foresee() error {
	mapping := r.mapping(r.site.Payments)
	r.Rehearsal.Product = r.RehearseOptions.Product
	for _, p := range mapping.Products {
		if r.Rehearsal.Product == "" && (p.Provider == "" || p.Provider == r.of.Name) {
			r.Rehearsal.Product = p.ID
		}
	}
	r.Rehearsal.Product = cmp.Or(r.Rehearsal.Product, rehearsedProduct)
	body, err := payment.TestEvent(r.of.Name, r.Rehearsal.Product, cmp.Or(r.Email, rehearsedByWhom), r.at)
	if err != nil {
		return err
	}
	r.signed, err = payment.Sign(r.of.Name, r.of.Proofs[0].Reveal(), body, r.at)
	if r.Signed = err == nil; !r.Signed {
		if !errors.Is(err, payment.ErrCannotSign) {
			return err
		}
		r.signed = payment.Signed{Body: body}
	}
	events, err := payment.Normalise(r.of.Name, r.signed.Body, r.header, r.at)
	if err != nil {
		return err
	}
	e := payment.Entitlement{Site: r.site.Name}
	for _, event := range events {
		e.Merge(event)
	}
	gives := e.Access(mapping, r.at)
	r.State, r.Tier, r.Until = gives.State, gives.Tier, gives.Until
	if gives.State == payment.StateUnmapped {
		r.problem("the product %s gives no tier: add it to SITE%d_TIERS", r.Rehearsal.Product, r.site.N)
	}
	return nil
}

func (r *rehearsal) header(name string) string {
	for known, value := range r.signed.Header {
		if strings.EqualFold(known, name) {
			return value
		}
	}
	return ""
}

func (r *rehearsal) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// send posts the event. One that we cannot sign is not sent: only whether the
// endpoint is there is asked.
func (r *rehearsal) send(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, rehearsalWithin)
	defer cancel()
	method, body := http.MethodPost, r.signed.Body
	if !r.Signed {
		method, body = http.MethodGet, nil
	}
	req, err := http.NewRequestWithContext(ctx, method, r.address(), bytes.NewReader(body))
	if err != nil {
		r.problem("the URL of the running serve cannot be used")
		return
	}
	for name, value := range r.signed.Header {
		req.Header.Set(name, value)
	}
	begin := time.Now()
	// The operator says where: also a private address is meant so.
	client := egress.Client(egress.Policy{AllowPrivate: true, AllowHTTP: true}, egress.Options{Timeout: rehearsalWithin, Connections: 1})
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	r.Took = time.Since(begin)
	if err != nil {
		r.problem("nothing answers at %s: is ghostcm serve running there?", r.RehearseOptions.URL)
		return
	}
	defer resp.Body.Close()
	var answer struct {
		Error string `json:"error"`
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, rehearsalAnswer)) // what is cut is judged by its status
	_ = json.Unmarshal(text, &answer)
	r.Status, r.Code = resp.StatusCode, answer.Error
}

// address is the URL of the webhook, with what the provider puts into it.
func (r *rehearsal) address() string {
	if len(r.signed.Query) == 0 {
		return r.Rehearsal.URL
	}
	query := url.Values{}
	for name, value := range r.signed.Query {
		query.Set(name, value)
	}
	return r.Rehearsal.URL + "?" + query.Encode()
}

// look finds the event where serve keeps what is a test, and takes it away.
func (r *rehearsal) look(ctx context.Context) error {
	if r.Status == 0 {
		return nil
	}
	if !r.Signed {
		if r.Status != http.StatusMethodNotAllowed {
			r.problem("the endpoint answered %d where it should be there: compare the URL", r.Status)
		}
		return nil
	}
	id := store.PaymentDeliveryID(r.of.Name, string(r.signed.Body))
	reason := ""
	for d, err := range r.Store.Quarantined(ctx, r.site.Name, r.of.Name) {
		if err != nil {
			return err
		}
		if d.ID == id {
			reason = d.Reason
		}
	}
	if reason != "" {
		if err := r.Store.DropQuarantined(ctx, r.site.Name, r.of.Name, id); err != nil {
			return err
		}
	}
	r.judge(reason)
	return nil
}

// judge says what the answer means.
func (r *rehearsal) judge(reason string) {
	r.Verified = r.Status == http.StatusOK && reason == string(payment.ReasonTest)
	switch {
	case r.Verified:
	case r.Status == http.StatusOK:
		r.problem("it was taken, but this Redis does not have it: the URL leads to another ghostcm")
	case r.Code == string(webhook.SignatureMismatch):
		r.problem("the running serve has another secret of %s than this configuration: reload or restart it", r.of.Name)
	case r.Code == string(webhook.UnknownProvider), r.Code == string(webhook.UnknownSite):
		r.problem("the running serve does not know %s of %s: reload or restart it", r.of.Name, r.site.Name)
	default:
		r.problem("the endpoint answered %d: is it ghostcm, and nothing between that changes requests?", r.Status)
	}
}

// askGhost asks whether the access could be given.
func (r *rehearsal) askGhost(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, rehearsalWithin)
	defer cancel()
	client, err := r.ghost(r.site)
	if err != nil || client == nil {
		r.problem("the site's Ghost cannot be asked")
		return
	}
	tiers, err := client.Tiers(ctx)
	if err != nil {
		r.problem("Ghost does not tell its tiers: %v", err)
		return
	}
	found := r.Tier == ""
	for _, t := range tiers {
		found = found || t.Slug == r.Tier && t.Active && t.Type != "free"
	}
	if !found {
		r.problem("Ghost has no active paid tier %s: make it, or correct SITE%d_TIERS", r.Tier, r.site.N)
	}
	settings, err := client.Settings(ctx)
	if err == nil && settings.Stripe.Known && !settings.Stripe.Value {
		r.problem("Stripe is not connected in Ghost: who buys becomes a new member with the tier, " +
			"but a free member who buys does not become paid (docs/payments.md)")
	}
	r.Buyer = "a new member"
	if r.Email == "" {
		return
	}
	switch a, isMember, err := client.AccessByEmail(ctx, r.Email); {
	case err != nil:
		r.problem("Ghost does not tell who the buyer is: %v", err)
	case isMember:
		r.Buyer = fmt.Sprintf("the member %s, who is %s now", a.ID, a.Status)
	}
}
