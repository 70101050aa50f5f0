package entitlement

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/store"
)

// ApplySettings looks again at what other settings may have made of something: at
// every entitlement that is not over, if the mapping has changed, and at quarantined
// deliveries, if what shows that they are genuine has. What was applied is remembered
// by all processes. It may be done any number of times.
func (f *Flow) ApplySettings(ctx context.Context) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(f.sites)) {
		errs = append(errs, f.applyTo(ctx, f.sites[name]))
	}
	return errors.Join(errs...)
}

func (f *Flow) applyTo(ctx context.Context, site *Site) error {
	applied, err := f.Store.Applied(ctx, site.Name)
	if err != nil {
		return err
	}
	apply := func(setting, digest string, do func() error) error {
		if applied[setting] == digest {
			return nil
		}
		if err := do(); err != nil {
			return err
		}
		return f.Store.Apply(ctx, site.Name, setting, digest)
	}
	errs := []error{apply("mapping", digestOf(site.Mapping), func() error { return f.lookAgain(ctx, site) })}
	for _, provider := range slices.Sorted(maps.Keys(site.Proofs)) {
		errs = append(errs, apply("proofs:"+provider, f.proofsDigest(site, provider), func() error {
			begun := f.Now()
			if _, err := f.Release(ctx, site.Name, provider); err != nil {
				return err
			}
			return f.noteReview(ctx, site, provider, begun)
		}))
	}
	return errors.Join(errs...)
}

// digestOf is short on purpose: it tells that something changed, and nothing of a
// secret to who reads it in Redis.
func digestOf(settings ...any) string {
	raw, err := json.Marshal(settings)
	if err != nil { // strings, numbers and truths always have a JSON form
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:4])
}

// lookAgain makes every entitlement of a site due that is not over, or would not be by
// the mapping of today. The sweeper paces their jobs.
func (f *Flow) lookAgain(ctx context.Context, site *Site) error {
	n := 0
	for e, err := range f.Store.Entitlements(ctx, store.EntitlementFilter{Site: site.Name}) {
		if err != nil {
			return err
		}
		if e.State() == payment.StateRevoked && !e.Access(site.Mapping, f.Now()).Live() {
			continue
		}
		if err := f.Store.SetDue(ctx, site.Name, e.ID, f.Now()); err != nil {
			return err
		}
		n++
	}
	if n > 0 {
		f.Log.InfoContext(ctx, "payment_mapping.changed", "site", site.Name, "entitlements", n)
	}
	return nil
}
