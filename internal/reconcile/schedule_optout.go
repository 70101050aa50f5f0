package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/member"
)

// optOutMargin is how much further back opt-outs are looked for than the last time
// all were seen: the account's clock, which tells the present, and the client's, by
// which opt-outs are dated, may be in different zones.
const optOutMargin = 24 * time.Hour

// bringOptOuts looks for people who unsubscribed in Campaign Monitor since the last
// full walk, whose list webhook may have been lost, or is not there. Of whom Ghost
// knows already, nothing is asked.
func (c *catchUp) bringOptOuts(ctx context.Context) error {
	if !c.site.OptOuts || c.Hints == nil {
		return nil
	}
	asking := &run{Engine: c.Engine, req: Request{Site: c.site.Site}}
	since, err := c.sinceLastWalk(ctx, asking)
	if err != nil {
		return fmt.Errorf("looking for opt-outs: %w", err)
	}
	query := campaignmonitor.Query{Since: since, OrderBy: "date"}
	for page, pages := 1, 1; page <= pages; page++ {
		var p campaignmonitor.Page
		err := asking.call(ctx, func(ctx context.Context) (err error) {
			p, err = c.site.List.SubscribersPage(ctx, c.site.ListID, campaignmonitor.StateUnsubscribed, query, page)
			return err
		})
		if err != nil {
			return fmt.Errorf("looking for opt-outs: %w", err)
		}
		if err := c.hint(ctx, p.Subscribers); err != nil {
			return err
		}
		pages = p.Pages
	}
	return nil
}

// sinceLastWalk is the day, by Campaign Monitor's clock, from which on opt-outs may
// not have been seen.
func (c *catchUp) sinceLastWalk(ctx context.Context, asking *run) (string, error) {
	states, err := c.Store.CatchUps(ctx, []string{c.site.Name})
	if err != nil {
		return "", err
	}
	var text string
	err = asking.call(ctx, func(ctx context.Context) (err error) {
		text, err = c.site.List.SystemDate(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	present, err := time.Parse(time.DateTime, text)
	if err != nil {
		return "", fmt.Errorf("campaign monitor's clock cannot be read: %w", err)
	}
	ago := c.Now().Sub(states[0].LastFull) + optOutMargin
	return present.Add(-ago).Format(time.DateOnly), nil
}

// hint hands over those of whom the last look does not know already.
func (c *catchUp) hint(ctx context.Context, left []campaignmonitor.Subscriber) error {
	emails := make([]string, len(left))
	for i, s := range left {
		emails[i] = s.Email
	}
	known, err := c.Store.RecallAddresses(ctx, c.site.Name, emails)
	if err != nil {
		return err
	}
	var news []string
	for _, s := range left {
		address := known[member.AddressKey(s.Email)]
		address.Observe(member.Result{State: s.State, Date: s.Date})
		if address.Owner != "" && address.NewsToGhost() {
			news = append(news, s.Email)
		}
	}
	if len(news) == 0 {
		return nil
	}
	looked, err := c.Hints.Hint(ctx, c.site.Name, news)
	c.found[string(OptOut)] += looked
	return err
}
