package entitlement

import (
	"context"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/jobs"
)

const (
	// rearmEvery is how often dead letters are looked at, and how long one rests.
	rearmEvery = time.Minute
	// rearmAtLeast is how often they are looked at however long that takes: of many
	// sites, some Ghosts may be away and answer late.
	rearmAtLeast = 5 * time.Minute
	// providerRest is how long a delivery rests whose provider could not be asked.
	providerRest = time.Hour
	// unmadeRest is how long a write rests that Ghost takes and does not make, however
	// healthy it seems: each rise ends in another letter, and another alarm.
	unmadeRest = 6 * time.Hour
	// healthWithin bounds the question whether Ghost is healthy.
	healthWithin = 5 * time.Second
)

// Rearm replays the dead letters of payments that died of something that has passed:
// a Ghost that is back, a provider that answers again, a site that is configured now.
// What died for good waits for a person.
func (f *Flow) Rearm(ctx context.Context) (replayed int, err error) {
	healthy := map[string]bool{} // by site
	for _, kind := range Kinds() {
		for letter, err := range f.Queue.Dead(ctx, jobs.DeadFilter{Kind: kind}) {
			if err != nil {
				return replayed, err
			}
			if !f.mayRise(ctx, letter, healthy) {
				continue
			}
			found, err := f.Queue.Replay(ctx, letter, jobs.Revival{})
			if err != nil {
				return replayed, err
			}
			if found {
				replayed++
			}
		}
	}
	if replayed > 0 {
		f.Log.InfoContext(ctx, "payment_letters.rearmed", "jobs", replayed)
	}
	return replayed, nil
}

// mayRise says whether what a letter died of has passed, as far as can be told.
func (f *Flow) mayRise(ctx context.Context, letter jobs.DeadLetter, healthy map[string]bool) bool {
	site := f.sites[letter.Site]
	rested := f.Now().Sub(letter.DiedAt)
	if site == nil || rested < rearmEvery {
		return false
	}
	if letter.Kind == KindPayment {
		return passes(letter.Code) && (rested >= providerRest || strings.HasPrefix(letter.Code, "config:"))
	}
	if !passes(letter.Code) || letter.Code == codeReadBack && rested < unmadeRest {
		return false
	}
	well, asked := healthy[site.Name]
	if !asked {
		well = f.healthy(ctx, site)
		healthy[site.Name] = well
	}
	return well
}

// healthy asks Ghost for something that it shows to integrations only.
func (f *Flow) healthy(ctx context.Context, site *Site) bool {
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	_, err := site.Ghost.Tiers(ctx)
	return err == nil
}

// passes says whether a failure is of a kind that passes by itself. Of another code
// of an upstream than these, its answer would be the same again.
func passes(code string) bool {
	switch code {
	case "", "error", "timeout", "panic", codeNoSite, codeNoProvider, codeContended:
		return true
	}
	upstream, status, is := strings.Cut(code, ":")
	if !is || upstream == "payment" || upstream == "config" {
		return false
	}
	switch status {
	case "0", "401", "403", "404", "408", "425", "429": // no answer, or one that a setting or Ghost's state changes
		return upstream == "ghost" || status != "404"
	}
	return len(status) == 3 && status[0] == '5' || unverified(status)
}

// unverified is of a write that Ghost took and did not make: read back, it may have.
func unverified(status string) bool { return status == "readback" }
