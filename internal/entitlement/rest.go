package entitlement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/store"
)

// upstreamGhost is what the gate is about.
const upstreamGhost = "ghost"

// GateOf names the gate of a site's payments: members' jobs have their own, because
// a Campaign Monitor that fails is no reason to keep a purchase waiting.
func GateOf(site string) string { return site + ":payments" }

// enter passes the gate, which closes after failures in a row.
func (v *visit) enter(ctx context.Context) error {
	gate, _, err := v.Store.Pass(ctx, GateOf(v.site.Name), store.Pace{})
	if err != nil {
		return err
	}
	v.gate = gate
	if !gate.Open {
		return jobs.Snooze(max(gate.Wait, time.Second))
	}
	return nil
}

// judge turns what came of a visit into what the job layer does with it, and tells
// the gate.
func (v *visit) judge(ctx context.Context, err error) error {
	failure, is := errors.AsType[*ghost.Error](err)
	if !is || failure.Kind() == ghost.NotFound || failure.Kind() == ghost.Invalid {
		return errors.Join(verdictOf(failure, err), v.answered(ctx))
	}
	if failure.Kind() == ghost.Transient && errors.Is(err, context.Canceled) {
		return errors.Join(jobs.Snooze(0), v.returnProbe(ctx))
	}
	if failure.Kind() != ghost.Transient && failure.Kind() != ghost.RateLimited {
		// A fault of the configuration: its dead letters say so, and rise when it is mended.
		return errors.Join(coded(failure, err), v.returnProbe(ctx))
	}
	closed, gateErr := v.Store.Fail(ctx, GateOf(v.site.Name), upstreamGhost, err.Error())
	if gateErr != nil {
		return errors.Join(coded(failure, err), gateErr)
	}
	if closed {
		v.Log.ErrorContext(ctx, "payments.breaker_opened", "site", v.site.Name, "upstream", upstreamGhost, "reason", err.Error())
	}
	if closed || v.gate.Probe {
		return jobs.Snooze(time.Minute)
	}
	if failure.RetryAfter > 0 {
		return jobs.RetryAfter(coded(failure, err), failure.RetryAfter)
	}
	return coded(failure, err)
}

// verdictOf is what to do about an error that is no fault of Ghost's. An address
// that Ghost refuses is refused for good; what it does not allow now, it may when
// the member was read anew.
func verdictOf(failure *ghost.Error, err error) error {
	if failure == nil && errors.Is(err, ghost.ErrInvalidMember) {
		return jobs.WithCode(err, "ghost:member")
	}
	if failure == nil {
		return err
	}
	if failure.Status == 422 && !errors.Is(err, ghost.ErrMemberExists) {
		return jobs.Permanent(coded(failure, err))
	}
	return coded(failure, err)
}

func coded(failure *ghost.Error, err error) error {
	return jobs.WithCode(err, fmt.Sprintf("ghost:%d", failure.Status))
}

// answered ends a row of failures: what waits for its next attempt, of this site,
// falls due now.
func (v *visit) answered(ctx context.Context) error {
	if !v.met {
		return v.returnProbe(ctx)
	}
	if !v.gate.Shaken(upstreamGhost) {
		return nil
	}
	if _, err := v.Store.Succeed(ctx, GateOf(v.site.Name), upstreamGhost); err != nil {
		return err
	}
	n, err := v.Queue.Expedite(ctx, v.site.Name)
	v.Log.InfoContext(ctx, "payments.resumed", "site", v.site.Name, "upstream", upstreamGhost, "jobs", n)
	return err
}

// returnProbe lets the next job find out, after one that never met Ghost.
func (v *visit) returnProbe(ctx context.Context) error {
	if !v.gate.Probe {
		return nil
	}
	return v.Store.ReturnProbe(ctx, GateOf(v.site.Name))
}
