package reconcile

import (
	"slices"

	"github.com/ghostcm/ghostcm/internal/member"
)

// undo is how one change of a run is taken back: whatever the list shows
// otherwise by now was changed by somebody since, and stays.
type undo struct {
	entry
	change Change
	way    undoing
	now    row // what the list shows
}

// undoing is how a change is taken back.
type undoing int

const (
	leaving     undoing = iota
	reimporting         // former values, by an import
	updating            // former values or address, by a call of its own
	deleting            // who was added
	restoring           // who was removed
)

// undoOf plans how to take one change back; find looks a subscriber up.
func (p *planner) undoOf(e entry, find func(email string) (row, bool, error)) (undo, error) {
	u := undo{entry: e, change: Change{Kind: Skip, MemberID: e.ID, Reason: ChangedSince}}
	at := e.After
	if at == nil {
		at = e.Before
	}
	if at == nil || e.Undone || !e.Kind.Changes() {
		return u, nil
	}
	u.change.Email, u.change.Name = at.Email, at.Name
	now, found, err := find(at.Email)
	if err != nil || !found {
		return u, err
	}
	u.now, u.change.Name = now, now.name
	switch e.Kind {
	case Add, Resubscribe:
		p.undoAdding(&u)
	case Update, ChangeAddress:
		p.undoChange(&u)
	case Unsubscribe, Delete:
		p.undoRemoval(&u)
	default:
		u.change.Reason = Irreversible
	}
	return u, nil
}

func (p *planner) undoAdding(u *undo) {
	if !u.now.active() {
		return
	}
	u.way, u.change.Kind, u.change.Reason = deleting, Delete, Reverted
}

// undoChange brings back the values that still are as the run set them.
func (p *planner) undoChange(u *undo) {
	if u.Before == nil {
		u.change.Reason = Irreversible // the run had not looked at the list
		return
	}
	moved := !member.SameAddress(u.Before.Email, u.now.email)
	for i, fact := range p.facts {
		to, set := u.After.Fields[string(fact)]
		is := p.layout.Columns[fact].Normal(u.now.values[i])
		if was := p.layout.Columns[fact].Normal(u.Before.Fields[string(fact)]); set && is == to && was != is {
			u.change.Fields = append(u.change.Fields, FieldChange{string(fact), is, was})
		}
	}
	if to, set := u.After.Fields["name"]; set && u.now.name == to && to != u.Before.Name {
		u.change.Fields = append(u.change.Fields, FieldChange{"name", to, u.Before.Name})
	}
	switch {
	case moved:
		u.way, u.change.Kind, u.change.Reason, u.change.ToEmail = updating, ChangeAddress, "", u.Before.Email
	case len(u.change.Fields) == 0:
	case u.now.active():
		u.way, u.change.Kind, u.change.Reason = reimporting, Update, ""
	default:
		u.way, u.change.Kind, u.change.Reason = updating, Update, ""
	}
}

// undoRemoval brings back who was removed for not being in Ghost. Who was taken
// off because Ghost shows an opt-out or a suppression stays off.
func (p *planner) undoRemoval(u *undo) {
	switch {
	case u.Reason != NotInGhost && u.Reason != Unknown && u.Reason != Reverted:
		u.change.Reason = u.Reason
	case !u.now.active():
		u.way, u.change.Kind, u.change.Reason = restoring, Resubscribe, ""
	}
}

// skipped is the change if it is not taken back, because the list shows otherwise
// by now.
func (u undo) skipped() Change {
	return Change{Kind: Skip, MemberID: u.ID, Email: u.change.Email, Name: u.change.Name, Reason: ChangedSince}
}

// step is the write that brings the former values back.
func (p *planner) step(u undo) member.Step {
	want := member.Want{Email: u.now.email}
	if u.change.ToEmail != "" {
		want.Email = u.change.ToEmail
	}
	for _, f := range u.change.Fields {
		if f.Field == "name" {
			want.Name = member.Some(f.To)
		}
	}
	for _, fact := range p.facts {
		i := slices.IndexFunc(u.change.Fields, func(f FieldChange) bool { return f.Field == string(fact) })
		if i >= 0 {
			want.Values = append(want.Values, member.Value{Key: p.layout.Columns[fact].Key, Value: u.change.Fields[i].To})
		}
	}
	return member.Step{Action: member.Update, At: u.now.email, Want: want}
}
