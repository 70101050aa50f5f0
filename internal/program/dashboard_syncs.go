package program

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/dashboard"
	"github.com/ghostcm/ghostcm/internal/reconcile"
	"github.com/ghostcm/ghostcm/internal/store"
)

// tasks are those that this process runs for the dashboard.
type tasks struct {
	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // of serving: tasks outlive the request that began them
	stops   map[string]context.CancelFunc
	running sync.WaitGroup
}

// errNotServing is a task that is begun while the process ends.
var errNotServing = errors.New("this process is about to end")

func (t *tasks) open(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ctx, t.stops = ctx, map[string]context.CancelFunc{}
}

// close waits for tasks to end, whose context has ended before.
func (t *tasks) close() {
	t.mu.Lock()
	t.ctx = nil
	t.mu.Unlock()
	t.running.Wait()
}

// begin runs a task beside the request that asked for it. do has to end its
// telling.
func (t *tasks) begin(p *Program, task store.Task, do func(context.Context, *taskTeller)) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx == nil || t.ctx.Err() != nil {
		return "", errNotServing
	}
	ctx, stop := context.WithCancel(t.ctx)
	t.stops[task.ID] = stop
	t.running.Go(func() {
		defer t.forget(task.ID, stop)
		do(ctx, p.tell(ctx, task))
	})
	return task.ID, nil
}

func (t *tasks) forget(id string, stop context.CancelFunc) {
	stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.stops, id)
}

// Stop ends a task that this process runs; false if it runs none with this id.
func (c *cockpit) Stop(id string) bool {
	c.tasks.mu.Lock()
	defer c.tasks.mu.Unlock()
	stop, ok := c.tasks.stops[id]
	if ok {
		stop()
	}
	return ok
}

// Tasks are those of all processes, the latest first.
func (c *cockpit) Tasks(ctx context.Context) ([]store.Task, error) {
	return c.current().Store.Tasks(ctx)
}

// Task is one of them.
func (c *cockpit) Task(ctx context.Context, id string) (store.Task, bool, error) {
	return c.current().Store.Task(ctx, id)
}

// Examples are some of the changes that a plan would make.
func (c *cockpit) Examples(ctx context.Context, id string) (some []dashboard.Example, err error) {
	raw, err := c.current().Store.Examples(ctx, id)
	if err != nil || raw == nil {
		return nil, err
	}
	return some, json.Unmarshal(raw, &some)
}

// CanSync says what a site lacks for a sync.
func (c *cockpit) CanSync(site string) error {
	at, err := c.current().siteCalled(site)
	if err == nil && at.Ghost == nil {
		err = errors.New(whyNot(reconcile.ErrNoAdminKey))
	}
	return err
}

// CanOptOut says what a site lacks for bringing opt-outs back to Ghost.
func (c *cockpit) CanOptOut(site string) error {
	if s, ok := c.current().opt.Config.Site(site); ok && !s.OptOutsToGhost {
		return errors.New(optOutsOff(s))
	}
	return c.CanSync(site)
}

func optOutsOff(s config.Site) string {
	return fmt.Sprintf("SITE%d_OPT_OUTS_TO_GHOST is not true, and bringing opt-outs back writes to Ghost.", s.N)
}

func requestOf(o dashboard.SyncOptions) reconcile.Request {
	return reconcile.Request{Prune: o.Prune, IncludeDisabled: o.IncludeDisabled, OptOuts: o.OptOuts, By: byDashboard}
}

func optionsOf(o dashboard.SyncOptions) map[string]string {
	options := map[string]string{}
	for name, on := range map[string]bool{
		"prune": o.Prune, "include_disabled": o.IncludeDisabled, "opt_outs": o.OptOuts,
		"allow_removals": o.AllowRemovals, "allow_mails": o.AllowMails,
	} {
		if on {
			options[name] = "true"
		}
	}
	return options
}

// maxExamples of each kind of change are shown with a plan.
const maxExamples = 8

// Plan looks what a sync would do.
func (c *cockpit) Plan(_ context.Context, o dashboard.SyncOptions) (string, error) {
	p := c.current()
	site, err := p.siteCalled(o.Site)
	if err != nil {
		return "", &dashboard.BadQuery{Field: "site", Text: err.Error()}
	}
	if err := c.CanOptOut(o.Site); o.OptOuts && err != nil {
		return "", &dashboard.BadQuery{Field: "opt_outs", Text: err.Error()}
	}
	t := newTask(TaskPlan, o.Site, byDashboard)
	t.Options = optionsOf(o)
	return c.tasks.begin(p, t, func(ctx context.Context, k *taskTeller) {
		var some examples
		r := requestOf(o)
		r.Site, r.DryRun, r.OnChange = site, true, some.add
		report, err := p.engine().Run(ctx, k.told(r))
		if err == nil {
			err = p.keepExamples(ctx, t.ID, some)
		}
		k.endRun(report, err)
	})
}

func (p *Program) keepExamples(ctx context.Context, id string, some examples) error {
	if some.all == nil {
		some.all = []dashboard.Example{} // a plan without changes is a plan, too
	}
	order := reconcile.Kinds()
	slices.SortStableFunc(some.all, func(a, b dashboard.Example) int {
		return slices.Index(order, reconcile.Kind(a.Kind)) - slices.Index(order, reconcile.Kind(b.Kind))
	})
	raw, err := json.Marshal(some.all)
	if err == nil {
		err = p.Store.KeepExamples(ctx, id, raw)
	}
	return err
}

// examples gathers some changes of each kind.
type examples struct {
	all    []dashboard.Example
	ofKind map[reconcile.Kind]int
}

func (e *examples) add(c reconcile.Change) {
	if c.Kind == reconcile.Unchanged {
		return
	}
	if e.ofKind == nil {
		e.ofKind = map[reconcile.Kind]int{}
	}
	if e.ofKind[c.Kind]++; e.ofKind[c.Kind] > maxExamples {
		return
	}
	x := dashboard.Example{
		Kind: string(c.Kind), MemberID: c.MemberID, Name: Discreet(c.Name), Hash: hashOf(c.Email), ToHash: hashOf(c.ToEmail),
		Reason: string(c.Reason),
	}
	for _, f := range c.Fields {
		x.Fields = append(x.Fields, dashboard.Field{Name: f.Field, From: Discreet(f.From), To: Discreet(f.To)})
	}
	if c.Err != nil {
		x.Reason = c.Err.Error()
	}
	e.all = append(e.all, x)
}

// Start does what a plan has shown, once.
func (c *cockpit) Start(ctx context.Context, planID string, o dashboard.SyncOptions) (string, bool, error) {
	p := c.current()
	plan, found, err := p.Store.Task(ctx, planID)
	if err != nil || !found || plan.Kind != TaskPlan || plan.State != store.TaskDone {
		return "", false, err
	}
	if ok, err := p.Store.UsePlan(ctx, planID); !ok || err != nil {
		return "", false, err
	}
	o.Site, o.Prune = plan.Site, plan.Options["prune"] == "true"
	o.IncludeDisabled, o.OptOuts = plan.Options["include_disabled"] == "true", plan.Options["opt_outs"] == "true"
	shown := plan.Counts[string(reconcile.Unsubscribe)] + plan.Counts[string(reconcile.Delete)]
	r := requestOf(o)
	r.Ask = func(_ context.Context, q reconcile.Question) (bool, error) {
		if q.Kind == reconcile.ConfirmedOptIn {
			return o.AllowMails, nil
		}
		return o.AllowRemovals && q.Count <= shown, nil
	}
	t := newTask(TaskSync, o.Site, byDashboard)
	t.Options = optionsOf(o)
	id, err := c.tasks.begin(p, t, func(ctx context.Context, k *taskTeller) {
		report, err := p.runAs(ctx, k, o.Site, r, (*reconcile.Engine).Run)
		k.endRun(report, err)
	})
	return id, err == nil, err
}

// Revert undoes a run by its journal.
func (c *cockpit) Revert(_ context.Context, runID string) (string, bool, error) {
	p := c.current()
	kept, err := reconcile.Runs(p.opt.Config.StateDir)
	if err != nil {
		return "", false, nil //nolint:nilerr // an unreadable directory has no journals
	}
	for _, run := range kept {
		if run.ID != runID {
			continue
		}
		t := newTask(TaskRevert, run.Site, byDashboard)
		t.Options["reverts"] = run.ID
		r := reconcile.Request{By: byDashboard, Ask: func(context.Context, reconcile.Question) (bool, error) { return true, nil }}
		id, err := c.tasks.begin(p, t, func(ctx context.Context, k *taskTeller) {
			report, err := p.runAs(ctx, k, run.Site, r, revertOf(run))
			k.endRun(report, err)
		})
		return id, err == nil, err
	}
	return "", false, nil
}
