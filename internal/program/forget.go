package program

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/erasure"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/spool"
)

// Erasure is what forgets people of a site. The error is of a site that is not
// configured.
func (p *Program) Erasure(site string) (*erasure.Flow, error) {
	at, err := p.siteCalled(site)
	if err != nil {
		return nil, err
	}
	o := erasure.Options{
		Store: p.Store, Queue: p.Queue, List: at.List, ListID: at.ListID, Who: "ghostcm forget, " + here(), Now: time.Now,
		Files: stateFiles{dir: p.opt.Config.StateDir, site: site},
	}
	if at.Ghost != nil {
		o.Ghost = at.Ghost
	}
	return erasure.New(o), nil
}

// Forget finds who is meant, and erases what is kept of them if may says so.
func (p *Program) Forget(
	ctx context.Context, site, whom, who string, may func(erasure.Person, erasure.Outcome) (bool, error),
) (erasure.Person, erasure.Outcome, error) {
	flow, err := p.Erasure(site)
	if err != nil {
		return erasure.Person{}, erasure.Outcome{}, err
	}
	person, err := flow.Find(ctx, site, whom)
	if err != nil {
		return person, erasure.Outcome{}, err
	}
	counted, err := flow.Count(ctx, person)
	if err != nil {
		return person, counted, err
	}
	if yes, err := may(person, counted); err != nil || !yes {
		return person, counted, err
	}
	ctx, cancel := context.WithTimeout(ctx, forgetPatience)
	defer cancel()
	done, err := flow.Forget(ctx, person, who)
	return person, done, err
}

// forgetPatience is how long forgetting waits for a worker who writes the person.
const forgetPatience = 90 * time.Second

// stateFiles are the journals and the spool in STATE_DIR, as far as they are a site's.
type stateFiles struct{ dir, site string }

// Waiting implements erasure.Files.
func (f stateFiles) Waiting(names func(text string) bool) (bool, error) {
	return spool.Mentions(spool.In(f.dir), f.records(names))
}

// Forget implements erasure.Files.
func (f stateFiles) Forget(
	site string, theirs func(id string, emails []string) bool, names func(text string) bool, dryRun bool,
) (int, error) {
	journaled, errJournals := reconcile.Forget(f.dir, site, theirs, dryRun)
	aside, errAside := spool.Forget(spool.In(f.dir), f.records(names), dryRun)
	return journaled + aside, errors.Join(errJournals, errAside)
}

// records looks for a person in records of the spool, also in the bodies of purchases,
// which are base64 there. A record of another site is not theirs to forget; of one
// that cannot be read nobody knows whose it is, and its text decides.
func (f stateFiles) records(names func(text string) bool) func(line string) bool {
	return func(line string) bool {
		var record struct {
			Data struct {
				Site string `json:"site"`
				Body []byte `json:"body"`
			} `json:"data"`
		}
		_, text, _ := strings.Cut(line, " ") // behind its checksum
		if err := json.Unmarshal([]byte(text), &record); err != nil {
			return names(line)
		}
		if of := record.Data.Site; of != "" && of != f.site {
			return false
		}
		return names(text) || names(string(record.Data.Body))
	}
}
