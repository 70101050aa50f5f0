package entitlement

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/payment"
)

const (
	reviewEvery = time.Hour
	reviewPoll  = reviewEvery / 4
	// reviewOverlap is how far the clocks of two processes may differ.
	reviewOverlap = 5 * time.Minute
	// maxAsked bounds how many deliveries of one review have to be asked for over the
	// network.
	maxAsked = 20
)

// review has quarantines looked at now and then.
func (f *Flow) review(ctx context.Context) (next time.Duration, err error) {
	return reviewPoll, f.Review(ctx)
}

// Review verifies again what came into a quarantine since that was last done, at most
// hourly for all processes: while a secret is changed, one that has the former still
// refuses what is genuine by ours.
func (f *Flow) Review(ctx context.Context) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(f.sites)) {
		applied, err := f.Store.Applied(ctx, name)
		if err != nil {
			return err
		}
		for provider := range f.sites[name].Proofs {
			errs = append(errs, f.reviewOf(ctx, f.sites[name], provider, applied[reviewed(provider)]))
		}
	}
	return errors.Join(errs...)
}

func (f *Flow) reviewOf(ctx context.Context, site *Site, provider, last string) error {
	since, begun := f.reviewedAt(site, provider, last), f.Now()
	if begun.Sub(since) < reviewEvery {
		return nil
	}
	most := 0
	if provider == payment.PayPal || provider == payment.PayPalIPN {
		most = maxAsked
	}
	if _, err := f.release(ctx, site, provider, since.Add(-reviewOverlap), most); err != nil {
		return err
	}
	return f.noteReview(ctx, site, provider, begun)
}

func (f *Flow) noteReview(ctx context.Context, site *Site, provider string, at time.Time) error {
	note := f.proofsDigest(site, provider) + " " + strconv.FormatInt(at.UnixMilli(), 10)
	return f.Store.Apply(ctx, site.Name, reviewed(provider), note)
}

// reviewedAt is when this was last done by the settings of today: the beginning of
// time, if it never was.
func (f *Flow) reviewedAt(site *Site, provider, last string) time.Time {
	digest, at, _ := strings.Cut(last, " ")
	millis, err := strconv.ParseInt(at, 10, 64)
	if err != nil || digest != f.proofsDigest(site, provider) {
		return time.UnixMilli(0)
	}
	return time.UnixMilli(millis)
}

// reviewed names the note in the store.
func reviewed(provider string) string { return "reviewed:" + provider }

func (f *Flow) proofsDigest(site *Site, provider string) string {
	return digestOf(slices.Sorted(slices.Values(site.Proofs[provider])), f.TestEvents)
}
