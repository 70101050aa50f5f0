package ghosttest

import "slices"

// addedHook makes the webhooks of a new member. Callers hold the lock.
func (s *Server) addedHook(m *Member) []Delivery {
	v := current
	if s.opts.OldGhost {
		v = oldAdded
	}
	return s.deliveries("member.added", s.render(*m, v), object{})
}

// deletedHook makes the webhooks of a member that is about to be deleted. Callers
// hold the lock.
func (s *Server) deletedHook(m Member) []Delivery {
	return s.deliveries("member.deleted", object{}, s.renderGone(m))
}

// editedHook makes the webhooks of an edit, none if nothing changed. Extending or
// clearing the expiry of a tier is no change to Ghost. Callers hold the lock.
func (s *Server) editedHook(before, after Member) []Delivery {
	tiersChanged := !sameTiers(before, after)
	previous := s.changedKeys(before, after)
	if len(previous) == 0 && !tiersChanged {
		return nil
	}
	v := current
	if s.opts.OldGhost {
		v = oldEdited
		if tiersChanged {
			v = oldRetiered
		}
	}
	return s.deliveries("member.edited", s.render(after, v), previous)
}

// changedKeys is `previous` of an edit: what changed, as it was before.
func (s *Server) changedKeys(before, after Member) object {
	o := object{}.
		with(before.Email != after.Email, "email", before.Email).
		with(before.Name != after.Name, "name", textOrNull(before.Name)).
		with(before.Note != after.Note, "note", textOrNull(before.Note)).
		with(before.Status != after.Status, "status", before.Status).
		with(!before.LastSeenAt.Equal(after.LastSeenAt), "last_seen_at", isoOrNull(before.LastSeenAt)).
		with(!sameColumns(before, after), "updated_at", iso(before.UpdatedAt)).
		with(!slices.Equal(before.Labels, after.Labels), "labels", s.labelObjects(before.Labels)).
		with(!slices.Equal(before.Newsletters, after.Newsletters), "newsletters", s.newsletterObjects(before.Newsletters))
	return o.with(!sameTiers(before, after) && !s.opts.OldGhost, "tiers", s.tierObjects(before.Tiers))
}
