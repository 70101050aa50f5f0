package dashboard

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ghostcm/ghostcm/internal/doctor"
)

// exams examines on behalf of many: one examination at a time, whose result is
// good for a while. An examination asks Ghost and Campaign Monitor.
type exams struct {
	examine func(context.Context) (doctor.Report, error)
	now     func() time.Time

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // of serving: an examination outlives whoever asked for it
	under   chan struct{}   // closed when the one under way has ended; nil if none
	last    exam
	running sync.WaitGroup
}

type exam struct {
	At     time.Time
	Report doctor.Report
	Err    error
}

// examFor is how long an examination is good for those who come later.
const examFor = 2 * time.Minute

func (e *exams) open(ctx context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ctx = ctx
}

func (e *exams) close() {
	e.mu.Lock()
	e.ctx = nil
	e.mu.Unlock()
	e.running.Wait()
}

// read returns the last examination if it is good, or begins one and says when
// it has ended.
func (e *exams) read(again bool) (last exam, ended <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.under == nil && (again || e.now().Sub(e.last.At) > examFor) && e.ctx != nil {
		e.under = make(chan struct{})
		ctx, done := e.ctx, e.under
		e.running.Go(func() { e.run(ctx, done) })
	}
	return e.last, e.under
}

func (e *exams) run(ctx context.Context, done chan struct{}) {
	report, err := e.examine(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last, e.under = exam{At: e.now(), Report: report, Err: err}, nil
	close(done)
}

// healthView is what doctor found, the gravest first.
type healthView struct {
	exam
	Waiting          bool // an examination is under way
	Now              time.Time
	Fail, Warn, Good int
	Groups           []healthGroup
}

// healthGroup is the findings of one site, or of what all share.
type healthGroup struct {
	Site     string
	Findings []doctor.Finding
}

func viewHealth(e exam, waiting bool, now time.Time) healthView {
	v := healthView{exam: e, Waiting: waiting, Now: now}
	v.Fail, v.Warn, v.Good = e.Report.Count(doctor.Fail), e.Report.Count(doctor.Warn), e.Report.Count(doctor.OK)
	at := map[string]int{}
	for _, f := range e.Report.Findings {
		i, known := at[f.Site]
		if !known {
			i = len(v.Groups)
			at[f.Site] = i
			v.Groups = append(v.Groups, healthGroup{Site: f.Site})
		}
		v.Groups[i].Findings = append(v.Groups[i].Findings, f)
	}
	for _, g := range v.Groups {
		sortFindings(g.Findings)
	}
	return v
}

// health shows what is known, and loads what is being found out.
func (d *Dashboard) health(_ context.Context, v visit) error {
	last, under := d.exams.read(false)
	d.render(v, http.StatusOK, "health", "Health", of(healthPage, viewHealth(last, under != nil, d.Now())))
	return nil
}

// findings waits for the examination.
func (d *Dashboard) findings(_ context.Context, v visit) error {
	last, under := d.exams.read(false)
	if under != nil {
		select {
		case <-under:
			last, _ = d.exams.read(false)
		case <-v.Context().Done():
			return nil
		}
	}
	d.answerPart(v, "health", of(healthFindings, viewHealth(last, false, d.Now())))
	return nil
}

func (d *Dashboard) examineAgain(_ context.Context, v visit) error {
	d.exams.read(true)
	http.Redirect(v.w, v.Request, Base+"/health", http.StatusSeeOther)
	return nil
}

// sortFindings puts what needs a person first.
func sortFindings(all []doctor.Finding) {
	order := map[doctor.Status]int{doctor.Fail: 0, doctor.Warn: 1, doctor.OK: 2}
	slices.SortStableFunc(all, func(a, b doctor.Finding) int { return order[a.Status] - order[b.Status] })
}
