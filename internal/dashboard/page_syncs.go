package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/ghostcm/ghostcm/internal/store"
)

// syncsView is the page of full syncs and of all else that takes long.
type syncsView struct {
	Tasks   []taskView
	Running []taskView
	Sites   []syncSite
	OptOuts []string // the sites that may bring opt-outs back to Ghost
	Now     time.Time
}

// syncSite is a site that can be synced, or why it cannot.
type syncSite struct {
	Name, Why string
}

// taskView is a task as it is shown.
type taskView struct {
	store.Task
	Now     time.Time
	Shown   string // its state, "lost" if its process died
	Percent int
	Run     string // of the engine, for a revert
	Undo    bool   // whether it can be undone
}

func viewTask(t store.Task, now time.Time) taskView {
	v := taskView{Task: t, Now: now, Shown: string(t.State), Percent: percent(t.Done, t.Total), Run: t.Options["run"]}
	if t.Lost(now) {
		v.Shown = "lost"
	}
	v.Undo = t.Journal && (t.Kind == "sync" || t.Kind == "sync.revert") && t.State != store.TaskRunning
	return v
}

// Changed is how many changes there are in a task's counts.
func (v taskView) Changed() (n int) {
	for _, kind := range []string{"add", "update", "change_address", "resubscribe", "unsubscribe", "delete", "opt_out"} {
		n += v.Counts[kind]
	}
	return n
}

// Took is how long it took, or takes until now.
func (v taskView) Took() time.Duration {
	if v.Ended.IsZero() {
		return v.Now.Sub(v.Began)
	}
	return v.Ended.Sub(v.Began)
}

func (d *Dashboard) syncsView(ctx context.Context) (syncsView, error) {
	tasks, err := d.Syncs.Tasks(ctx)
	view := syncsView{Now: d.Now()}
	for _, t := range tasks {
		shown := viewTask(t, view.Now)
		if shown.Shown == string(store.TaskRunning) {
			view.Running = append(view.Running, shown)
			continue
		}
		view.Tasks = append(view.Tasks, shown)
	}
	for _, name := range d.Sight.Sites() {
		site := syncSite{Name: name}
		if why := d.Runs.CanSync(name); why != nil {
			site.Why = why.Error()
		}
		view.Sites = append(view.Sites, site)
		if d.Runs.CanOptOut(name) == nil {
			view.OptOuts = append(view.OptOuts, name)
		}
	}
	return view, err
}

func (d *Dashboard) syncs(ctx context.Context, v visit) error {
	view, err := d.syncsView(ctx)
	if err != nil {
		return err
	}
	d.render(v, http.StatusOK, "syncs", "Syncs", of(syncsPage, view), func(f *frame) { f.Stream = Base + "/live/syncs" })
	return nil
}

// syncView is one task.
type syncView struct {
	taskView
	Examples []Example
	Plan     bool // it is one, and can be started
	Removals int  // that the plan shows
}

func (d *Dashboard) syncView(ctx context.Context, id string) (view syncView, found bool, err error) {
	t, found, err := d.Syncs.Task(ctx, id)
	if err != nil || !found {
		return view, false, err
	}
	view.taskView = viewTask(t, d.Now())
	if t.Kind == "plan" && t.State != store.TaskRunning {
		view.Examples, err = d.Syncs.Examples(ctx, id)
		view.Plan = view.Examples != nil && t.State == store.TaskDone
		view.Removals = t.Counts["unsubscribe"] + t.Counts["delete"]
	}
	return view, true, err
}

func (d *Dashboard) sync(ctx context.Context, v visit) error {
	view, found, err := d.syncView(ctx, v.PathValue("id"))
	if err != nil {
		return err
	}
	if !found {
		return errNotFound
	}
	d.render(v, http.StatusOK, "sync", taskTitle(view.Task), of(syncPage, view), func(f *frame) {
		f.Section = "syncs"
		if view.Shown == string(store.TaskRunning) {
			f.Stream = Base + "/live/sync?" + query("id", view.ID)
		}
	})
	return nil
}

func taskTitle(t store.Task) string {
	what := map[string]string{
		"sync": "Sync", "sync.revert": "Undoing a sync", "plan": "Plan of a sync",
		"dlq.replay": "Replaying dead letters", "dlq.drop": "Dropping dead letters",
	}[t.Kind]
	if what == "" {
		what = words(t.Kind)
	}
	if t.Site != "" {
		what += " · " + t.Site
	}
	return what
}

// planSync looks what a sync would do.
func (d *Dashboard) planSync(ctx context.Context, v visit) error {
	form := v.PostForm
	id, err := d.Runs.Plan(ctx, SyncOptions{
		Site: form.Get("site"), Prune: form.Get("prune") != "",
		IncludeDisabled: form.Get("include_disabled") != "", OptOuts: form.Get("opt_outs") != "",
	})
	return d.begun(v, id, err)
}

// startSync does what a plan has shown.
func (d *Dashboard) startSync(ctx context.Context, v visit) error {
	form := v.PostForm
	id, ok, err := d.Runs.Start(ctx, form.Get("plan"), SyncOptions{
		AllowRemovals: form.Get("allow_removals") != "", AllowMails: form.Get("allow_mails") != "",
	})
	if err == nil && !ok {
		return &badInput{"This plan was started before, or is older than an hour. Make a new one: the sides may have changed."}
	}
	return d.begun(v, id, err)
}

// revertSync undoes a run.
func (d *Dashboard) revertSync(ctx context.Context, v visit) error {
	id, ok, err := d.Runs.Revert(ctx, v.PostForm.Get("run"))
	if err == nil && !ok {
		return &badInput{"The run's journal is not on this machine. It can be undone where it ran, with: ghostcm sync revert RUN"}
	}
	return d.begun(v, id, err)
}

func (d *Dashboard) stopSync(_ context.Context, v visit) error {
	id := v.PathValue("id")
	if !d.Runs.Stop(id) {
		return &badInput{"Another process runs it, or it has ended. It can be stopped there, with Ctrl-C."}
	}
	http.Redirect(v.w, v.Request, Base+"/syncs/"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}

// begun goes to the page of a task that was begun.
func (d *Dashboard) begun(v visit, id string, err error) error {
	var wrong *BadQuery
	if errors.As(err, &wrong) {
		return &badInput{wrong.Text}
	}
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.Request, Base+"/syncs/"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}
