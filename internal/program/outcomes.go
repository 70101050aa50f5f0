package program

import (
	"slices"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/store"
	"github.com/ghostcm/ghostcm/internal/worker"
)

// OutcomeChoices are the words by which people choose entries of the activity.
func OutcomeChoices() []string {
	return slices.Concat([]string{"written", "failed", store.Waits, string(member.Unchanged)}, writtenOutcomes(), failedOutcomes())
}

// OutcomesOf are the outcomes that a word stands for; none for "", which is all.
func OutcomesOf(choice string) []string {
	switch choice {
	case "":
		return nil
	case "written":
		return writtenOutcomes()
	case "failed":
		return failedOutcomes()
	}
	return []string{choice}
}

// writtenOutcomes are those of events that changed a subscriber.
func writtenOutcomes() []string {
	return []string{
		string(member.Created), string(member.Updated), string(member.AddressChanged), string(member.Resubscribed),
		string(member.Deactivated), string(member.Removed), string(member.OptedOutFields),
	}
}

func failedOutcomes() []string { return []string{worker.OutcomeRetried, worker.OutcomeDead} }
