package jobs

import (
	"encoding/json"
	"time"
)

// Attempt is one failed run of a job.
type Attempt struct {
	At     time.Time `json:"at"`
	Code   string    `json:"code,omitempty"`
	Reason string    `json:"reason"`
}

// maxHistory is how many attempts a job remembers, the newest.
const maxHistory = 20

// historyOf reads what remember wrote; nothing for anything else.
func historyOf(args map[string]string) []Attempt {
	var all []Attempt
	if json.Unmarshal([]byte(args[argHistory]), &all) != nil {
		return nil
	}
	return all
}

// remember adds an attempt. The list is one JSON string, which retries carry unharmed.
func remember(args map[string]string, a Attempt) {
	all := append(historyOf(args), a)
	if len(all) > maxHistory {
		all = all[len(all)-maxHistory:]
	}
	raw, err := json.Marshal(all)
	if err != nil { // only a time beyond year 9999 has no JSON form
		return
	}
	args[argHistory] = string(raw)
}
