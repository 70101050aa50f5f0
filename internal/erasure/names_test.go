package erasure

import (
	"errors"
	"testing"

	"github.com/ghostcm/ghostcm/internal/member"
)

func TestAPersonIsFoundInWhateverSpelling(t *testing.T) {
	t.Parallel()
	p := Person{IDs: []string{"6b02e53738ffff6821000007"}, Emails: []string{"Jo+x@Example.org"}}
	for text, want := range map[string]bool{
		`{"email":"jo+x@example.org"}`:                         true,
		"JO+X@EXAMPLE.ORG wrote.":                              true,
		"Write to jo+x@example.org.":                           true,
		"payer_email=jo%2Bx%40example.org&a=b":                 true,
		`{"email":"jo+x\u0040example.org"}`:                    true,
		`data=%7B%22e%22%3A%22jo%2Bx%5Cu0040example.org%22%7D`: true,
		"id 6B02E53738FFFF6821000007":                          true,
		`{"note":"Write to\njo+x@example.org\tor not"}`:        true,
		member.AddressHash("jo+x@example.org"):                 true,
		"sub_12345678 ended":                                   true,
		"bojo+x@example.org":                                   false,
		"jo+x@example.org.uk":                                  false,
		"jo+x@example.orgs":                                    false,
		"6b02e53738ffff68210000071":                            false,
		"sub_123456789":                                        false,
		"100%, \\u00 and nothing":                              false,
		"":                                                     false,
	} {
		if got := p.names(text, []string{"sub_12345678"}); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

func TestNobodyWhoMayBecomeActiveByItIsForgotten(t *testing.T) {
	t.Parallel()
	asked := errors.New("asked in vain")
	listed := func(state string) []Listed { return []Listed{{"a@x.org", "Unsubscribed"}, {"b@x.org", state}} }
	for name, c := range map[string]struct {
		p    Person
		firm bool
	}{
		"no opt-out":                        {Person{InGhost: true}, false},
		"gone in Ghost":                     {Person{OptedOut: true, List: listed("")}, false},
		"in Ghost, held by the list":        {Person{OptedOut: true, InGhost: true, List: listed("Bounced")}, false},
		"in Ghost, unknown to the list":     {Person{OptedOut: true, InGhost: true, List: listed("")}, true},
		"in Ghost, active at an address":    {Person{OptedOut: true, InGhost: true, List: listed("Active")}, true},
		"in Ghost, and the list is silent":  {Person{OptedOut: true, InGhost: true, ListErr: asked}, true},
		"Ghost is silent, unknown to list":  {Person{OptedOut: true, GhostErr: asked, List: listed("")}, true},
		"in Ghost, no address known at all": {Person{OptedOut: true, InGhost: true}, true},
		"an event waits in the spool":       {Person{Spooled: true}, true},
	} {
		firm := false
		for _, o := range c.p.Objections() {
			firm = firm || o.Firm
		}
		if firm != c.firm {
			t.Errorf("%s: firm %t", name, firm)
		}
	}
}
