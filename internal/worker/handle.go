package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/member"
)

// errAddress is the only reason to reject a member.
var errAddress = errors.New("not written: Campaign Monitor does not take the member's e-mail address; correct it in Ghost")

// errVanishing protects a list from a Ghost that is not its own.
var errVanishing = errors.New("ghost no longer knows this member, and today's bound for removals that no webhook announced is reached; " +
	"check SITEN_GHOST_URL, then replay")

// carried works on what was taken, and puts it back if that fails.
func (a *attempt) carried(ctx context.Context) (err error) {
	settled := false
	defer func() {
		if !settled { // failed, or panics
			bare := context.WithoutCancel(ctx)
			err = errors.Join(err, a.putBack(bare, err), a.doubt(bare))
		}
	}()
	err = a.work(ctx)
	settled = err == nil || errors.Is(err, errNewer)
	return err
}

// work finds out what is known of the member and carries the case through.
func (a *attempt) work(ctx context.Context) error {
	in, err := a.input(ctx)
	if err != nil {
		return err
	}
	keys := in.Keys()
	known, free, err := a.lease.LockAddresses(ctx, a.site.Name, keys, leaseFor)
	if err != nil {
		return err
	}
	if !free {
		return a.later(lockedRetry)
	}
	in.Addresses = known
	return a.carry(ctx, member.New(in))
}

// input gathers what the case is decided from.
func (a *attempt) input(ctx context.Context) (in member.Input, err error) {
	in = member.Input{Entry: a.taken.Entry, Memory: a.taken.Memory, Policy: a.site.Policy, Now: a.Now()}
	if a.taken.Doubt {
		in.Memory.ForgetWritten()
	}
	if in.Fresh, in.Gone, err = a.reread(ctx, in); err != nil {
		return in, err
	}
	in.Layout, err = a.layout(ctx)
	return in, err
}

// reread asks Ghost for the member: a webhook is a hint, it may be late or show
// an empty state. A signed delete needs no asking.
func (a *attempt) reread(ctx context.Context, in member.Input) (fresh *member.Facts, gone bool, err error) {
	deleted := in.Entry.DeletedAt != 0 || in.Memory.DeletedAt != 0 && !in.Memory.Vanished
	if a.site.Ghost == nil || deleted {
		return nil, false, nil
	}
	facts, err := a.site.Ghost.Member(ctx, a.job.Key)
	if err == nil {
		return &facts, false, a.succeeded(ctx, upstreamGhost)
	}
	if !errors.Is(err, ghost.ErrNotFound) {
		return nil, false, a.ghostFailed(ctx, err)
	}
	if err := a.succeeded(ctx, upstreamGhost); err != nil { // it answered
		return nil, false, err
	}
	if in.Memory.Vanished {
		return nil, true, nil
	}
	allowed, err := a.Store.AllowVanished(ctx, a.site.Name, a.job.Key)
	if err != nil {
		return nil, false, err
	}
	if !allowed {
		return nil, false, jobs.WithCode(jobs.Permanent(errVanishing), "ghost:404")
	}
	return nil, true, nil
}

// carry does step after step until the case ends.
func (a *attempt) carry(ctx context.Context, c *member.Case) error {
	const maxSteps = 20
	for range maxSteps {
		step := c.Next()
		switch step.Action {
		case member.Finish:
			return a.finish(ctx, c, step.Outcome)
		case member.Wait:
			if err := a.Store.Save(ctx, a.site.Name, c, a.lease); err != nil {
				return err
			}
			return jobs.Snooze(step.For)
		case member.Reject:
			return jobs.WithCode(jobs.Permanent(errAddress), "member:"+string(step.Outcome))
		}
		if err := a.do(ctx, c, step); err != nil {
			return err
		}
	}
	return fmt.Errorf("the case of this member did not end in %d steps", maxSteps)
}

// do carries out one step. A call that fails quickly, for no lasting reason, is
// tried a second time at once: a case of several calls would otherwise start
// over for each hiccup.
func (a *attempt) do(ctx context.Context, c *member.Case, step member.Step) error {
	c.Begin(step)
	if err := a.ready(ctx, c, step); err != nil {
		return err
	}
	began := a.Now()
	result, err := a.send(ctx, step)
	if campaignmonitor.KindOf(err) == campaignmonitor.Transient && a.Now().Sub(began) < quickly {
		if err := a.beforeSecondTry(ctx, c, step); err != nil {
			return err
		}
		result, err = a.send(ctx, step)
	}
	if err != nil {
		return a.listFailed(ctx, err)
	}
	c.Learn(step, result)
	return a.succeeded(ctx, upstreamList)
}

const (
	quickly   = 2 * time.Second
	secondTry = 500 * time.Millisecond
)

// beforeSecondTry waits a moment before a second try. A worker that lost its lease
// meanwhile must not write.
func (a *attempt) beforeSecondTry(ctx context.Context, c *member.Case, step member.Step) error {
	if err := sleep(ctx, secondTry); err != nil || !step.Action.Writes() {
		return err
	}
	return a.Store.Save(ctx, a.site.Name, c, a.lease)
}

func (a *attempt) send(ctx context.Context, step member.Step) (member.Result, error) {
	a.calls++
	a.wrote = a.wrote || step.Action.Writes()
	return a.call(ctx, step)
}

// doubt has the member written anew if this worker sent a write and has lost its
// lease since: frozen, say, while another wrote something newer, which its own
// write may have undone.
func (a *attempt) doubt(ctx context.Context) error {
	if !a.wrote {
		return nil
	}
	doubted, err := a.Store.Doubt(ctx, a.site.Name, a.job.Key, a.lease, again(a.job))
	if doubted {
		a.Log.WarnContext(ctx, "member.doubted", append(about(a.job), "why", "the lease ended while a write was under way")...)
	}
	return err
}

// finish keeps what was learned and clears the inbox of what was applied.
func (a *attempt) finish(ctx context.Context, c *member.Case, outcome member.Outcome) error {
	cleared, err := a.Store.Finish(ctx, a.site.Name, c, a.lease, a.taken.Version)
	if err != nil {
		return err
	}
	a.report(ctx, c, outcome)
	if a.Told != nil {
		a.Told(ctx, a.site.Name, a.job.Key)
	}
	if !cleared {
		return errNewer
	}
	return nil
}
