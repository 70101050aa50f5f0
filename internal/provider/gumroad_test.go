package provider_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
	"github.com/ghostcm/ghostcm/internal/provider/providertest"
)

func ping(fields ...string) []byte {
	values := url.Values{
		"resource_name": {"sale"}, "sale_id": {"s4l3/1=="}, "product_id": {"pR0d=="}, "email": {"buyer@example.test"},
		"subscription_id": {"sub=="}, "recurrence": {"monthly"}, "sale_timestamp": {"2026-11-01T12:00:05Z"},
	}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return []byte(values.Encode())
}

func membership(kind string, fields ...string) []byte {
	values := url.Values{
		"resource_name": {kind}, "subscription_id": {"sub=="}, "product_id": {"pR0d=="}, "user_email": {"Buyer@example.test"},
		"purchase_ids[]": {"s4l3/1=="},
	}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return []byte(values.Encode())
}

func TestAPingIsGenuineIfGumroadKnowsTheSaleSo(t *testing.T) {
	t.Parallel()
	type sale = map[string]any
	for name, row := range map[string]struct {
		body []byte
		sale sale
		want payment.Reason
	}{
		"a sale":                                {ping(), nil, ""},
		"a sale of another person":              {ping("email", "thief@example.test"), nil, payment.ReasonMismatch},
		"a sale of another product":             {ping("product_id", "dear=="), nil, payment.ReasonMismatch},
		"a sale of a membership that it is not": {ping("subscription_id", "other=="), nil, payment.ReasonMismatch},
		"a sale that was given back":            {ping(), sale{"refunded": true}, payment.ReasonMismatch},
		"a sale to an address that changed":     {ping(), sale{"email": "new@example.test", "purchase_email": "buyer@example.test"}, ""},
		"a refund":                              {ping("resource_name", "refund", "refunded", "true"), sale{"refunded": true}, ""},
		"a refund that was none":                {ping("resource_name", "refund", "refunded", "true"), nil, payment.ReasonMismatch},
		"a part":                                {ping("resource_name", "refund", "refunded", "false"), sale{"partially_refunded": true}, ""},
		"a part that was none":                  {ping("resource_name", "refund", "refunded", "false"), nil, payment.ReasonMismatch},
		"a dispute":                             {ping("resource_name", "dispute"), sale{"disputed": true}, ""},
		"a dispute, as chargeback":              {ping("resource_name", "dispute"), sale{"chargedback": true}, ""},
		"a dispute that was none":               {ping("resource_name", "dispute"), nil, payment.ReasonMismatch},
		"a dispute won":                         {ping("resource_name", "dispute_won"), sale{"disputed": true, "dispute_won": true}, ""},
		"a dispute not won":                     {ping("resource_name", "dispute_won"), sale{"disputed": true}, payment.ReasonMismatch},
		"a cancellation":                        {membership("cancellation", "cancelled_at", "2026-12-01T12:00:00Z"), sale{"cancelled": true}, ""},
		"a cancellation that was none":          {membership("cancellation", "cancelled_at", "2026-12-01T12:00:00Z"), nil, payment.ReasonMismatch},
		"an end":                                {membership("subscription_ended"), sale{"ended": true}, ""},
		"an end that was none":                  {membership("subscription_ended"), nil, payment.ReasonMismatch},
		"a restart":                             {membership("subscription_restarted"), nil, ""},
		"what has nothing to do with access":    {membership("subscription_updated", "purchase_ids[]", "made-up"), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := providertest.RunGumroad(t)
			sim.Sell(sale{"id": "s4l3/1==", "product_id": "pR0d==", "email": "buyer@example.test", "subscription_id": "sub=="})
			row.sale = merged(row.sale, "id", "s4l3/1==")
			sim.Sell(row.sale)
			g, err := provider.NewGumroad(provider.GumroadOptions{Key: sim.Key, HTTP: &http.Client{}, URL: sim.URL})
			if err != nil {
				t.Fatal(err)
			}
			err = g.Confirm(t.Context(), row.body)
			if got := reasonOf(err); got != row.want || row.want == "" && err != nil {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func merged(m map[string]any, key string, value any) map[string]any {
	if m == nil {
		m = map[string]any{}
	}
	m[key] = value
	return m
}

func TestAPingIsNotRefusedBecauseGumroadIsDownOrTheTokenWrong(t *testing.T) {
	t.Parallel()
	sim := providertest.RunGumroad(t)
	sim.Sell(map[string]any{"id": "s4l3/1==", "product_id": "pR0d==", "email": "buyer@example.test", "subscription_id": "sub=="})
	ask := func(key string) error {
		g, err := provider.NewGumroad(provider.GumroadOptions{Key: key, HTTP: &http.Client{}, URL: sim.URL})
		if err != nil {
			t.Fatal(err)
		}
		return g.Confirm(t.Context(), ping())
	}
	if err := ask("wrong"); provider.KindOf(err) != provider.Credentials {
		t.Errorf("with a wrong token: %v", err)
	}
	sim.FailNext(502)
	if err := ask(sim.Key); provider.KindOf(err) != provider.Transient {
		t.Errorf("while it is down: %v", err)
	}
	if err := ask(sim.Key); err != nil {
		t.Errorf("when it answers again: %v", err)
	}
}

// A sale may be in Gumroad's books later than its ping is sent.
func TestASaleThatGumroadDoesNotShowYetIsNotRefused(t *testing.T) {
	t.Parallel()
	sim := providertest.RunGumroad(t)
	g, err := provider.NewGumroad(provider.GumroadOptions{Key: sim.Key, HTTP: &http.Client{}, URL: sim.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Confirm(t.Context(), ping()); provider.KindOf(err) != provider.NotFound || reasonOf(err) != "" {
		t.Errorf("before its books show it: %v", err)
	}
	sim.Sell(map[string]any{"id": "s4l3/1==", "product_id": "pR0d==", "email": "buyer@example.test", "subscription_id": "sub=="})
	if err := g.Confirm(t.Context(), ping()); err != nil {
		t.Errorf("once they do: %v", err)
	}
}
