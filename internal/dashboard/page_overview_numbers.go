package dashboard

import "time"

// figure is one number of the overview.
type figure struct {
	Name, Value, Sub string
	Link             string // where to look further; "" is nowhere
	Warns            bool
}

// numbers are how the queue stands.
func (view overviewView) numbers() []figure {
	q := view.Queue
	all := []figure{
		{Name: "Queued", Value: num(q.Depth), Sub: aged(q.Depth, q.Oldest, "nothing waits")},
		{Name: "Running", Value: num(q.Running), Sub: "of " + num(view.Busy) + " at once"},
		{Name: "Retrying", Value: num(q.Retrying), Sub: "wait for their time"},
		{Name: "Members waiting", Value: num(view.Inbox.Members), Sub: aged(view.Inbox.Members, view.Inbox.Oldest, "all are up to date")},
		{Name: "Dead letters", Value: num(q.Dead), Sub: "none failed"},
		{Name: "Workers", Value: num(len(view.Workers)), Sub: "alive"},
	}
	if q.Dead > 0 {
		all[4].Sub, all[4].Link, all[4].Warns = "failed for good", Base+"/letters", true
	}
	if len(view.Workers) == 0 {
		all[5].Sub = "none is alive"
	}
	if n := view.Spool.Deliveries; n > 0 {
		all = append(all, figure{Name: "On disk", Value: num(n), Sub: "oldest " + span(view.Spool.Oldest), Warns: true})
	}
	return append(all, figure{Name: "Redis", Value: span(view.Redis), Sub: "round trip"})
}

// aged says how old the oldest of some is.
func aged(n int, oldest time.Duration, none string) string {
	if n == 0 {
		return none
	}
	return "oldest " + span(oldest)
}
