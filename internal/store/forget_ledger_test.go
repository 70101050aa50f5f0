package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// A firm that pays for many is named in what was sent about each of them.
func TestACustomerWhoPaysForOthersIsNotForgottenWithOneOfThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	firm := payment.Customer{ID: "cus_of_the_firm", Email: "firm@example.org"}
	for id, email := range map[string]string{"1": "jo@example.org", "2": "ann@example.org"} {
		e := entitlement(id, email)
		e.Customer = firm
		e.Customer.MemberEmail = email
		b.enter(e, job("access "+id))
	}
	if err := b.KeepContact(t.Context(), site, "stripe", firm, b.now); err != nil {
		t.Fatal(err)
	}
	who := store.Erasure{Site: site, Emails: []string{"jo@example.org"}, Names: func(text string, ids []string) bool {
		return slices.ContainsFunc(append(ids, "jo@example.org"), func(one string) bool { return strings.Contains(text, one) })
	}}
	lease, free, err := b.LockPerson(t.Context(), who, time.Minute)
	if err != nil || !free {
		t.Fatal(free, err)
	}
	out, err := b.Forget(t.Context(), who, lease)
	if err != nil || out.Counts["purchases"] != 1 || out.Counts["payers"] != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	for id, want := range map[string]bool{"stripe:1": false, "stripe:2": true} {
		if _, found, err := b.Entitlement(t.Context(), site, id); err != nil || found != want {
			t.Errorf("%s: found %t, %v", id, found, err)
		}
	}
	if _, _, found, err := b.Contact(t.Context(), site, "stripe", firm.ID); err != nil || !found {
		t.Errorf("the firm is no customer any more: %v", err)
	}
}
