package demo

import (
	"context"
	"crypto/rand"
	"net/http"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
)

// publication is one site: its Ghost, its list, and what the demo knows of its
// people that neither of them can tell.
type publication struct {
	name, listID, secret string
	ghost                *ghosttest.Server
	list                 *cmtest.Server
	reporter             *reporter
	cast                 *cast

	extras   bool              // its list has the two optional fields
	optedOut map[string]bool   // by address key: left the list in Campaign Monitor
	previous map[string]string // by member id: the status before the last change of it
	resent   int               // refused deliveries that were sent again
	checked  int               // of what Ghost sent, how many were looked at for refusals
}

// fields are the custom fields that ghostcm writes, as doctor would make them.
var fields = [...][2]string{
	{"ghost_status", "Text"}, {"ghost_signup_date", "Date"}, {"ghost_last_updated", "Date"}, {"ghost_status_changed_at", "Date"},
	{"ghost_previous_status", "Text"}, {"ghost_labels", "Text"}, {"ghost_email_enabled", "Text"},
}

// newPublication makes the n-th site. The first one's list has the two optional
// fields as well.
func newPublication(s *stage, name string, n uint64) *publication {
	p := &publication{
		name: name, extras: n == 0, list: s.list, reporter: s.reporter, cast: s.cast, secret: rand.Text(),
		optedOut: map[string]bool{}, previous: map[string]string{},
		ghost:  ghosttest.New(ghosttest.Options{Title: name, Seed: seed + n, Delay: ghostDelay}),
		listID: s.list.CreateList(cmtest.ListOptions{Title: name, UnsubscribeSetting: "OnlyThisList"}),
	}
	for _, f := range fields {
		s.list.AddField(p.listID, f[0], f[1])
	}
	if p.extras {
		s.list.AddField(p.listID, "ghost_tiers", "Text")
		s.list.AddField(p.listID, "ghost_newsletters", "Text")
	}
	return p
}

func (p *publication) environ(prefix string) []string {
	return []string{
		prefix + "NAME=" + p.name, prefix + "GHOST_WEBHOOK_SECRET=" + p.secret, prefix + "CM_LIST_ID=" + p.listID,
		prefix + "GHOST_URL=" + p.ghost.URL(), prefix + "GHOST_ADMIN_API_KEY=" + p.ghost.AdminKey(),
	}
}

// pointGhosts registers the webhooks, as one does in Ghost's settings.
func (s *stage) pointGhosts() {
	for _, p := range s.publications {
		p.ghost.Webhooks(func(event string) string { return s.url() + "/webhook/ghost/" + p.name + "?event=" + event }, p.secret)
	}
}

// hushGhosts takes the webhooks away and waits for those on their way.
func (s *stage) hushGhosts() {
	for _, p := range s.publications {
		p.ghost.Webhooks(func(string) string { return "" }, "")
		p.ghost.Flush()
	}
}

// resend sends again what was refused. Ghost itself tries once, but a machine
// too busy to answer in time should not spoil the demo.
func (p *publication) resend(ctx context.Context) {
	for _, sent := range p.ghost.Sent()[p.checked:] {
		if sent.Status != http.StatusAccepted {
			status, err := p.ghost.Send(ctx, sent.Delivery)
			if err != nil || status != http.StatusAccepted {
				return // the next look begins here
			}
			p.resent++
		}
		p.checked++
	}
}

func (s *stage) resend(ctx context.Context) {
	for _, p := range s.publications {
		p.resend(ctx)
	}
}

// who names a person: by the name, else by what ghostcm's own listings show.
func who(m ghosttest.Member) string {
	if name := member.CleanText(m.Name); name != "" {
		return name
	}
	return member.AddressHash(m.Email)
}
