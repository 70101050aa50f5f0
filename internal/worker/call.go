package worker

import (
	"context"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
)

// call makes the step's request. Answers that decisions depend on come as a
// result; every other failure is an error.
func (a *attempt) call(ctx context.Context, s member.Step) (member.Result, error) {
	list, id := a.site.List, a.site.ListID
	switch s.Action {
	case member.Read:
		return a.read(ctx, s)
	case member.Update:
		return campaignmonitor.Answer(list.Update(ctx, id, s.At, campaignmonitor.WriteOf(s, a.site.ConsentToTrack)))
	case member.Import:
		return a.create(ctx, s)
	case member.Unsubscribe:
		return campaignmonitor.Answer(list.Unsubscribe(ctx, id, s.At))
	default:
		return campaignmonitor.Answer(list.Delete(ctx, id, s.At))
	}
}

func (a *attempt) read(ctx context.Context, s member.Step) (member.Result, error) {
	subscriber, err := a.site.List.Subscriber(ctx, a.site.ListID, s.At)
	if err != nil {
		return campaignmonitor.Answer(err)
	}
	r := member.Result{State: subscriber.State, Date: subscriber.Date}
	if a.site.Policy.Resubscribe == member.ResubscribeGhostOptIns {
		r.Since, err = a.since(ctx, subscriber.Date)
	}
	return r, err
}

// since turns a date in the client's unnamed time zone into real time, by the
// same clock's present.
func (a *attempt) since(ctx context.Context, date string) (time.Time, error) {
	present, err := a.site.List.SystemDate(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return campaignmonitor.SameClock(present, date, a.Now()), nil
}

// create is an import of one: unlike a single add it is done when it returns, so
// that no later delete can be overtaken by it.
func (a *attempt) create(ctx context.Context, s member.Step) (member.Result, error) {
	result, err := a.site.List.Import(ctx, a.site.ListID, campaignmonitor.Import{
		Subscribers: []campaignmonitor.Write{campaignmonitor.WriteOf(s, a.site.ConsentToTrack)},
		Resubscribe: s.Resubscribe, QueueAutoresponders: true,
	})
	if err != nil {
		return campaignmonitor.Answer(err)
	}
	for _, failure := range result.Failures {
		return campaignmonitor.Answer(failure.Err())
	}
	return member.Result{New: result.New > 0}, nil
}
