package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/store"
)

func TestWhatWeMeanToGiveIsKeptUnderTheLockOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := store.Grant{
		MemberID: id, Tier: "gold", TierID: "t1", ExpiryAt: b.now.UTC(), At: b.now.UTC(),
		Before: &store.Comp{TierID: "t0"}, Previous: &store.Comp{TierID: "t2", ExpiryAt: b.now.UTC()},
	}
	if _, found, err := b.Grant(t.Context(), site, id); found || err != nil {
		t.Fatal(found, err)
	}
	lease := b.lock()
	if err := b.KeepGrant(t.Context(), site, want, lease); err != nil {
		t.Fatal(err)
	}
	got, found, err := b.Grant(t.Context(), site, id)
	if diff := cmp.Diff(want, got); diff != "" || !found || err != nil {
		t.Errorf("%t, %v (-want +got):\n%s", found, err, diff)
	}
	b.lose()
	late := want
	late.Tier = "silver"
	if err := b.KeepGrant(t.Context(), site, late, lease); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("kept after the lease ended: %v", err)
	}
	if err := b.DropGrant(t.Context(), site, id, lease); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("dropped after the lease ended: %v", err)
	}
	if got, _, err := b.Grant(t.Context(), site, id); got.Tier != "gold" || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if err := b.DropGrant(t.Context(), site, id, b.lock()); err != nil {
		t.Fatal(err)
	}
	if _, found, err := b.Grant(t.Context(), site, id); found || err != nil {
		t.Errorf("dropped, it is there: %t, %v", found, err)
	}
}
