package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/provider"
)

func TestAProviderTellsWhoACustomerIs(t *testing.T) {
	t.Parallel()
	const key = "pdl_live_apikey_secret"
	answers := map[string]string{
		"/customers/ctm_1":    `{"data":{"id":"ctm_1","email":"Jo@Example.com","name":"Jo"}}`,
		"/v1/customers/cus_1": `{"id":"cus_1","object":"customer","email":"jo@example.com","name":"Jo"}`,
		"/v1/customers/cus_2": `{"id":"cus_2","object":"customer","deleted":true}`,
		"/v1/customers/cus_3": `{"id":"cus_another","email":"another@example.com"}`,
		"/v1/customers/cus_4": `<html>`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := answers[r.URL.Path]
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusUnauthorized)
		} else if !known {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(server.Close)
	for _, tt := range []struct {
		provider, id, key string
		found             bool
		kind              provider.Kind
	}{
		{payment.Paddle, "ctm_1", key, true, provider.None},
		{payment.Stripe, "cus_1", key, true, provider.None},
		{payment.Stripe, "cus_2", key, false, provider.None},
		{payment.Stripe, "cus_gone", key, false, provider.None},
		{payment.Stripe, "../cus_1", key, false, provider.None},
		{payment.Stripe, "cus_3", key, false, provider.Transient},
		{payment.Stripe, "cus_4", key, false, provider.Transient},
		{payment.Stripe, "cus_1", "sk_wrong", false, provider.Credentials},
	} {
		asked, err := provider.NewCustomers(tt.provider, provider.CustomersOptions{Key: tt.key, HTTP: server.Client(), URL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		c, found, err := asked.Customer(t.Context(), tt.id)
		if found != tt.found || provider.KindOf(err) != tt.kind {
			t.Errorf("%s %s: found %t, %v", tt.provider, tt.id, found, err)
		}
		if found && (c.Email != "jo@example.com" || c.ID != tt.id || c.Name != "Jo") {
			t.Errorf("%s %s is %+v", tt.provider, tt.id, c)
		}
		if err != nil && (strings.Contains(err.Error(), tt.key) || strings.Contains(err.Error(), "another")) {
			t.Errorf("the error shows what it should not: %v", err)
		}
	}
	if _, err := provider.NewCustomers(payment.Kofi, provider.CustomersOptions{Key: key, HTTP: server.Client()}); err == nil {
		t.Error("Ko-fi has nobody to ask")
	}
}
