package dashboard

import (
	"net/url"
	"strings"
)

// taskURL is where a task is shown.
func taskURL(id string) string { return Base + "/syncs/" + url.PathEscape(id) }

// what names a task in a list.
func (v taskView) what() string {
	name := map[string]string{
		"plan": "Plan", "sync": "Sync", "sync.revert": "Undo of a sync",
		"dlq.replay": "Replay of dead letters", "dlq.drop": "Drop of dead letters",
	}[v.Kind]
	if name == "" {
		name = words(v.Kind)
	}
	if v.Site != "" {
		name += " · " + v.Site
	}
	return name
}

// progress is how far a task is, as far as that is known; after stands behind a
// number whose end is not.
func (v taskView) progress(after string) string {
	switch {
	case v.Total > 0:
		return num(v.Done) + " of " + num(v.Total)
	case v.Done > 0:
		return strings.TrimSpace(num(v.Done) + " " + after)
	}
	return ""
}

func (v syncView) heading() string {
	switch {
	case v.Shown == "running":
		return label(v.Phase)
	case v.Kind == "plan":
		return "What would be done"
	}
	return "What was done"
}

// reasonTone is how bad it is that a task ended early.
func (v syncView) reasonTone() string {
	if v.State == "failed" {
		return "bad"
	}
	return "warn"
}

func (s syncSite) option() string {
	if s.Why != "" {
		return s.Name + " (cannot)"
	}
	return s.Name
}

// optOutsTold says what bringing opt-outs back does, and on which sites it can be done.
func (v syncsView) optOutsTold() string {
	const told = "end the newsletters in Ghost of who has unsubscribed in Campaign Monitor"
	if len(v.OptOuts) < len(v.Sites) {
		return told + " (" + strings.Join(v.OptOuts, ", ") + " only)"
	}
	return told
}

func (e Example) tone() string {
	switch e.Kind {
	case "skip":
		return "neutral"
	case "fail":
		return "bad"
	}
	return "run"
}

// whom it is about: the name, or the beginning of the id.
func (e Example) whom() string {
	if e.Name != "" {
		return shown(e.Name)
	}
	return "member " + short(e.MemberID, 8)
}

// hashes are of the address, and of the one that it becomes.
func (e Example) hashes() string {
	if e.ToHash == "" {
		return e.Hash
	}
	return e.Hash + " → " + e.ToHash
}
