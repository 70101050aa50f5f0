package worker

import (
	"context"

	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
)

// OptOuts takes word that somebody may have left a list in Campaign Monitor.
type OptOuts struct {
	Store *store.Store
	Queue *jobs.Queue
}

// Hint has a worker look at those of the addresses that a member of the site is
// known to own; looked is how many they are. Of the others nothing is known that
// could be told to Ghost: a full sync finds them. Once it returns without an
// error, the looks are durable.
func (o OptOuts) Hint(ctx context.Context, site string, emails []string) (looked int, err error) {
	known, err := o.Store.RecallAddresses(ctx, site, emails)
	if err != nil {
		return 0, err
	}
	var asks []store.Mark
	for _, email := range emails {
		address := known[member.AddressKey(email)]
		if address.Owner != "" {
			asks = append(asks, ask(site, address.Owner, member.AddressHash(email)))
		}
	}
	return len(asks), o.ask(ctx, site, asks)
}

// Look has a worker look at the subscriber of a member.
func (o OptOuts) Look(ctx context.Context, site, id string) error {
	return o.ask(ctx, site, []store.Mark{ask(site, id, "")})
}

func ask(site, id, emailHash string) store.Mark {
	return store.Mark{ID: id, Job: encode(jobs.Spec{Kind: KindOptOut, Site: site, Key: id, EmailHash: emailHash})}
}

func (o OptOuts) ask(ctx context.Context, site string, asks []store.Mark) error {
	pushed, err := o.Store.AskOptOuts(ctx, site, asks)
	if pushed > 0 {
		o.Queue.Wake()
	}
	return err
}
