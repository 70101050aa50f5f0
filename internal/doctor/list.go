package doctor

import (
	"errors"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
)

const noList = "Campaign Monitor does not show the list"

func (p *patient) listAnswers() verdict {
	list, err := p.list()
	if err != nil {
		return failed(err, p.listRemedy(err))
	}
	return ok("%s", orUnknown(list.Title))
}

// listRemedy says what to do about a list that cannot be read.
func (p *patient) listRemedy(err error) string {
	var e *campaignmonitor.Error
	if !errors.As(err, &e) {
		return "ask again"
	}
	const notOfKey = 102
	switch kind := e.Kind(); {
	case kind == campaignmonitor.Credentials && e.Code != notOfKey:
		return "copy Campaign Monitor's API key (Account settings, API keys) into CM_API_KEY or " + p.Prefix + "CM_API_KEY"
	case kind == campaignmonitor.Config && e.Code != 0, e.Code == notOfKey:
		return "copy the API Subscriber List ID from the list's settings page into " + p.Prefix +
			"CM_LIST_ID; the key must be of the account or client that has the list"
	case kind == campaignmonitor.Config:
		return "check CM_API_URL; without it, the vendor's own address is used"
	case kind == campaignmonitor.RateLimited:
		return "ask again in a minute, and lower CM_RATE_LIMIT if other programs use the account"
	}
	return "check the network of this machine, and Campaign Monitor's status page"
}

func (p *patient) listUnsubscribes() verdict {
	list, err := p.list()
	switch {
	case err != nil:
		return notChecked(noList)
	case list.UnsubscribeSetting == campaignmonitor.AllClientLists:
		return warn("in Campaign Monitor, on the list's settings page: let an unsubscribe concern this list only",
			"an unsubscribe from this list is one from all lists of the client; so ghostcm deletes, and does not unsubscribe, "+
				"whoever leaves Ghost")
	}
	return ok("an unsubscribe concerns this list only")
}

func (p *patient) listOptIn() verdict {
	list, err := p.list()
	switch {
	case err != nil:
		return notChecked(noList)
	case list.ConfirmedOptIn:
		return warn("in Campaign Monitor, on the list's settings page: make it single opt-in; Ghost has confirmed its members",
			"the list is confirmed opt-in: Campaign Monitor mails everybody whom ghostcm adds, and they stay unconfirmed until they click")
	}
	return ok("single opt-in")
}

func (p *patient) listClock() verdict {
	if _, err := p.list(); err != nil || p.ListTime == nil {
		return notChecked(noList)
	}
	ahead, told := p.ListTime.Ahead()
	if !told {
		return ok("Campaign Monitor does not tell its time")
	}
	return judgeClock("Campaign Monitor", ahead)
}
