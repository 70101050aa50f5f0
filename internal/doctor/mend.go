package doctor

import (
	"context"
	"sync"
	"time"
)

// mendWithin bounds the mending of one site; sites are mended at the same time.
const mendWithin = 60 * time.Second

// mend does for every site what no person has to decide, as far as the
// examination found its Ghost and its list in a state to be asked.
func (e *exam) mend(ctx context.Context) []Action {
	ctx, cancel := context.WithTimeout(ctx, mendWithin)
	defer cancel()
	done := make([][]Action, len(e.sites))
	var running sync.WaitGroup
	for i, p := range e.sites {
		running.Go(func() {
			m := &mending{patient: p}
			m.fields(ctx)
			m.webhooks(ctx)
			m.listWebhook(ctx)
			done[i] = m.done
		})
	}
	running.Wait()
	var all []Action
	for _, actions := range done {
		all = append(all, actions...)
	}
	return all
}

// mending is what is done to one site.
type mending struct {
	*patient
	done []Action
}

// did notes an action; failed is "" if it worked.
func (m *mending) did(what, failed string) {
	m.done = append(m.done, Action{Site: m.Name, What: what, Failed: failed})
}

// try asks for one change, and notes how it ended, unless it changed nothing.
func (m *mending) try(ctx context.Context, what string, change func(context.Context) error) bool {
	_, err := ask(ctx, m.turns, questionWithin, func(ctx context.Context) (struct{}, error) { return struct{}{}, change(ctx) })
	if err != nil {
		m.did(what, err.Error())
		return false
	}
	m.did(what, "")
	return true
}

// fields creates the custom fields that the list lacks, and stops at the first
// that is refused: the next would be refused for the same reason.
func (m *mending) fields(ctx context.Context) {
	has, err := m.patient.fields()
	if err != nil {
		return
	}
	missing, _ := m.compareFields(has)
	for _, field := range missing {
		created := m.try(ctx, "created the custom field "+field.String(), func(ctx context.Context) error {
			_, err := m.List.CreateField(ctx, m.ListID, field.name, field.dataType)
			return err
		})
		if !created {
			return
		}
	}
}

// reachable is the public URL if webhooks may be registered for it: it was asked
// for, Ghost would send there, and nothing else than a ghostcm answers, because
// members' data would go to whatever does. Nothing may answer yet.
func (m *mending) reachable(what string) (base string, may bool) {
	if m.PublicURL == "" {
		return "", false
	}
	seen, err := m.outside()
	v := m.publicURL()
	strange := seen.status != 0 && !seen.ours
	if err != nil || strange || m.judgePrivate(seen).status == Fail {
		m.did(what, "because of public_url: "+v.detail)
		return "", false
	}
	return m.base(), true
}
