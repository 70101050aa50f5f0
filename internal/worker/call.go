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
		return answer(list.Update(ctx, id, s.At, a.write(s)))
	case member.Import:
		return a.create(ctx, s)
	case member.Unsubscribe:
		return answer(list.Unsubscribe(ctx, id, s.At))
	default:
		return answer(list.Delete(ctx, id, s.At))
	}
}

func (a *attempt) read(ctx context.Context, s member.Step) (member.Result, error) {
	subscriber, err := a.site.List.Subscriber(ctx, a.site.ListID, s.At)
	if err != nil {
		return answer(err)
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
	return sameClock(present, date, a.Now()), nil
}

// sameClock is when date was, if present is now; zero if either is no time: an
// opt-out then stays.
func sameClock(present, date string, now time.Time) time.Time {
	p, err := time.Parse(time.DateTime, present)
	if err != nil {
		return time.Time{}
	}
	d, err := time.Parse(time.DateTime, date)
	if err != nil {
		return time.Time{}
	}
	return now.Add(d.Sub(p))
}

// create is an import of one: unlike a single add it is done when it returns, so
// that no later delete can be overtaken by it.
func (a *attempt) create(ctx context.Context, s member.Step) (member.Result, error) {
	result, err := a.site.List.Import(ctx, a.site.ListID, campaignmonitor.Import{
		Subscribers: []campaignmonitor.Write{a.write(s)}, Resubscribe: s.Resubscribe, QueueAutoresponders: true,
	})
	if err != nil {
		return answer(err)
	}
	for _, failure := range result.Failures {
		return answer(failure.Err())
	}
	return member.Result{New: result.New > 0}, nil
}

func (a *attempt) write(s member.Step) campaignmonitor.Write {
	w := campaignmonitor.Write{
		Email: s.Want.Email, Name: s.Want.Name.Value, KeepName: !s.Want.Name.Known,
		ConsentToTrack: a.site.ConsentToTrack, Resubscribe: s.Resubscribe,
	}
	for _, v := range s.Want.Values {
		w.Fields = append(w.Fields, campaignmonitor.Field{Key: v.Key, Value: v.Value, Clear: v.Value == ""})
	}
	return w
}

// answer sorts out the refusals that decisions depend on.
func answer(err error) (member.Result, error) {
	switch campaignmonitor.KindOf(err) {
	case campaignmonitor.NotOnList:
		return member.Result{Answer: member.Absent}, nil
	case campaignmonitor.AlreadyOnList:
		return member.Result{Answer: member.Occupied}, nil
	case campaignmonitor.InvalidAddress:
		return member.Result{Answer: member.BadAddress}, nil
	case campaignmonitor.OptedOut:
		return optedOut(err), nil
	}
	return member.Result{}, err
}
