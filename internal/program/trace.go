package program

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
)

// How long each part of a trace may take, and how much of it is told.
const (
	traceRedis    = 5 * time.Second
	traceUpstream = 10 * time.Second
	traceEvents   = 20
)

// ErrNoAdmin says that a site's Ghost cannot be asked.
var ErrNoAdmin = errors.New("the site has no Admin API key")

// ErrNothing says that there is nobody of whom that could be told.
var ErrNothing = errors.New("it is not known which member this is")

// Trace is all that is known of one member of a site. A part whose error is set is
// not available; the others are good. Addresses are in clear.
type Trace struct {
	Site, MemberID string // the id is "" if nobody knows one
	Asked          string // the address that was asked for; "" if it was an id

	Ghost    *member.Facts // nil: Ghost does not have the member
	GhostErr error

	List    []Subscribed // one for each address
	ListErr error

	Memory    store.Recalled
	Addresses map[string]member.Address // by address, of those that are remembered
	Waiting   store.Kept
	Gate      store.Gate
	MemoryErr error

	Letters    []jobs.DeadLetter
	LettersErr error

	Events    []store.Activity // the last, the oldest first
	EventsErr error

	// Next is what a full sync would do now; with --prune only, if Prune is set.
	Next    reconcile.Change
	Prune   bool
	NextErr error
}

// Subscribed is what Campaign Monitor says of an address.
type Subscribed struct {
	At    string
	Found bool
	campaignmonitor.Subscriber
}

// Unknown is whether everybody was asked, and nobody knows the member.
func (t Trace) Unknown() bool {
	for _, s := range t.List {
		if s.Found {
			return false
		}
	}
	return errors.Join(t.GhostErr, t.ListErr, t.MemoryErr, t.LettersErr, t.EventsErr) == nil &&
		t.Ghost == nil && !t.Memory.Known && t.Waiting.Waiting == "" && len(t.Letters)+len(t.Events) == 0
}

// NoRedis is whether nothing could be read of what is kept.
func (t Trace) NoRedis() bool {
	return t.LettersErr != nil && t.EventsErr != nil && !errors.Is(t.EventsErr, ErrNothing)
}

// Silent is whether nobody answered.
func (t Trace) Silent() bool {
	for _, err := range []error{t.GhostErr, t.ListErr, t.MemoryErr, t.LettersErr, t.EventsErr} {
		if err == nil {
			return false
		}
	}
	return true
}

// Trace looks at a member everywhere, by the id in Ghost or an address, and
// changes nothing. The error is of a site that is not configured.
func (p *Program) Trace(ctx context.Context, site, whom string) (Trace, error) {
	at, err := p.siteCalled(site)
	if err != nil {
		return Trace{}, err
	}
	t := tracing{Program: p, at: at, Trace: Trace{Site: site}}
	if id := strings.ToLower(strings.TrimSpace(whom)); ghost.ValidID(id) {
		t.MemberID = id
	} else {
		t.Asked = strings.TrimSpace(whom)
	}
	_ = t.bounded(ctx, traceRedis, t.identify) // recall tells of a Redis that is away
	t.GhostErr = t.bounded(ctx, traceUpstream, t.askGhost)
	t.MemoryErr = t.bounded(ctx, traceRedis, t.recall)
	var asking errgroup.Group
	asking.Go(func() error { t.ListErr = t.bounded(ctx, traceUpstream, t.askList); return nil })
	asking.Go(func() error { t.LettersErr = t.bounded(ctx, traceRedis, t.findLetters); return nil })
	asking.Go(func() error { t.EventsErr = t.bounded(ctx, traceRedis, t.findEvents); return nil })
	_ = asking.Wait() // each part has its own error
	t.NextErr = t.bounded(ctx, traceUpstream, t.foresee)
	return t.Trace, nil
}

// tracing is a trace in the making.
type tracing struct {
	*Program
	at reconcile.Site
	Trace
}

func (t *tracing) bounded(ctx context.Context, within time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return ask(ctx)
}

// identify finds the id of whoever is remembered to own the address.
func (t *tracing) identify(ctx context.Context) error {
	if t.MemberID != "" {
		return nil
	}
	known, err := t.Store.RecallAddresses(ctx, t.Site, []string{t.Asked})
	if err == nil {
		t.MemberID = known[member.AddressKey(t.Asked)].Owner
	}
	return err
}

// askGhost asks by the address first, if that was given: it may be another's now.
func (t *tracing) askGhost(ctx context.Context) error {
	if t.at.Ghost == nil {
		return ErrNoAdmin
	}
	if t.Asked != "" {
		for _, spelling := range []string{t.Asked, member.AddressKey(t.Asked)} {
			facts, found, err := t.at.Ghost.MemberByEmail(ctx, spelling)
			if err != nil {
				return err
			}
			if found {
				t.Ghost, t.MemberID = &facts, facts.ID
				return nil
			}
		}
	}
	if !ghost.ValidID(t.MemberID) {
		return nil
	}
	facts, err := t.at.Ghost.Member(ctx, t.MemberID)
	if errors.Is(err, ghost.ErrNotFound) {
		return nil
	}
	if err == nil {
		t.Ghost = &facts
	}
	return err
}

// recall tells what is remembered of the member, and what waits.
func (t *tracing) recall(ctx context.Context) error {
	gates, err := t.Store.Gates(ctx, []string{t.Site})
	if err != nil {
		return err
	}
	t.Gate = gates[0]
	if t.MemberID != "" {
		recalled, err := t.Store.Recall(ctx, t.Site, []string{t.MemberID})
		if err != nil {
			return err
		}
		t.Memory = recalled[0]
		if t.Waiting, err = t.Store.Kept(ctx, t.Site, t.MemberID); err != nil {
			return err
		}
	}
	t.Addresses, err = t.Store.RecallAddresses(ctx, t.Site, t.emails())
	return err
}

// emails are all addresses of the member that anybody has told of.
func (t *tracing) emails() (all []string) {
	seen := map[string]bool{"": true}
	add := func(email string) {
		if key := member.AddressKey(email); !seen[key] {
			seen[key] = true
			all = append(all, email)
		}
	}
	if t.Ghost != nil {
		add(t.Ghost.Email.Value)
	}
	add(t.Memory.Memory.Email)
	add(t.Asked)
	add(t.Waiting.Email)
	for _, email := range slices.Concat(t.Memory.Memory.Perhaps, t.Memory.Memory.Stale) {
		add(email)
	}
	return all
}

func (t *tracing) askList(ctx context.Context) error {
	for _, email := range t.emails() {
		s, found, err := t.find(ctx, email)
		if err != nil {
			return err
		}
		t.List = append(t.List, Subscribed{At: email, Found: found, Subscriber: s})
	}
	return nil
}

// find looks a subscriber up, unless that has been done.
func (t *tracing) find(ctx context.Context, email string) (campaignmonitor.Subscriber, bool, error) {
	for _, known := range t.List {
		if member.SameAddress(known.At, email) {
			return known.Subscriber, known.Found, nil
		}
	}
	s, err := t.at.List.Subscriber(ctx, t.at.ListID, email)
	if campaignmonitor.KindOf(err) == campaignmonitor.NotOnList {
		return s, false, nil
	}
	return s, err == nil, err
}

// names are by what activity and letters know the member.
func (t *tracing) names() map[string]bool {
	names := map[string]bool{}
	if t.MemberID != "" {
		names[t.MemberID] = true
	}
	for _, email := range t.emails() {
		names[member.AddressHash(email)] = true
	}
	return names
}

func (t *tracing) findLetters(ctx context.Context) error {
	names := t.names()
	for letter, err := range t.Queue.Dead(ctx, jobs.DeadFilter{Site: t.Site}) {
		if err != nil {
			return err
		}
		if names[letter.Key] || names[letter.EmailHash] {
			t.Letters = append(t.Letters, letter)
		}
	}
	return nil
}

func (t *tracing) findEvents(ctx context.Context) (err error) {
	q := ActivityQuery{Sites: []string{t.Site}, Limit: traceEvents}
	for name := range t.names() {
		q.Whose = append(q.Whose, name)
	}
	if len(q.Whose) > 0 {
		t.Events, _, err = t.Activity(ctx, q)
	}
	return err
}

// foresee tells what a full sync would do now.
func (t *tracing) foresee(ctx context.Context) (err error) {
	if err := errors.Join(t.GhostErr, t.ListErr, t.MemoryErr); err != nil {
		return errBlind
	}
	request := reconcile.Request{Site: t.at, OptOuts: t.optOuts()}
	if t.Ghost != nil {
		t.Next, err = t.engine().One(ctx, request, *t.Ghost, t.find)
		return err
	}
	for _, s := range t.List {
		if !s.Found {
			continue
		}
		if t.Next, err = t.engine().OneGone(ctx, request, s.Subscriber); err != nil {
			return err
		}
		if t.Prune = t.Next.Kind.Changes(); t.Prune {
			return nil
		}
	}
	if t.Next.Kind == "" {
		return ErrNothing
	}
	return nil
}

// errBlind says that a sync is not foreseen for want of the other parts.
var errBlind = errors.New("it needs what Ghost, Campaign Monitor and Redis say")

func (t *tracing) optOuts() bool {
	for _, s := range t.sites {
		if s.Name == t.Site {
			return s.OptOutsToGhost
		}
	}
	return false
}
