package ghosttest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

const later = "2030-01-01T10:20:30.456Z"

// grants is a site with two tiers and one member, and what to write there.
type grants struct {
	t *testing.T
	*ghosttest.Server
	gold, silver, id string
}

func withGrants(t *testing.T, o ghosttest.Options, m ghosttest.Member) grants {
	t.Helper()
	s := ghosttest.Run(t, o)
	g := grants{t: t, Server: s, gold: s.AddTier("Gold", "gold"), silver: s.AddTier("Silver", "silver")}
	m.Email = "a@example.com"
	added, err := s.AddMember(m)
	if err != nil {
		t.Fatal(err)
	}
	g.id = added.ID
	return g
}

// words puts the ids of the tiers into a body.
func (g grants) words(body string) string {
	return strings.NewReplacer("GOLD", g.gold, "SILVER", g.silver, "LATER", later).Replace(`{"members":[` + body + `]}`)
}

func (g grants) put(body string) answer {
	g.t.Helper()
	return send(g.t, g.Server, http.MethodPut, "/members/"+g.id+"/?include=tiers", good(g.t), g.words(body))
}

// state is the status and the tiers of the member, as "comped Gold".
func (g grants) state() string {
	g.t.Helper()
	for _, m := range g.Members() {
		if m.ID == g.id {
			out := m.Status
			for _, t := range m.Tiers {
				out += " " + t.Tier
			}
			return out
		}
	}
	return "nobody"
}

// TestTheTruthTable is the one of Ghost 5.130.6 and 6.65.0.
func TestTheTruthTable(t *testing.T) {
	t.Parallel()
	gold := []ghosttest.Grant{{Tier: "Gold", ExpiresAt: time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC)}}
	free, comped := ghosttest.Member{}, ghosttest.Member{Tiers: gold}
	payer := ghosttest.Member{Status: "paid", Tiers: []ghosttest.Grant{{Tier: "Gold"}}}
	ended := ghosttest.Member{Tiers: gold, Subscriptions: []ghosttest.Subscription{{ID: "sub_1", Status: "canceled", Tier: "Gold"}}}
	type outcome struct {
		status int
		state  string
	}
	tests := map[string]struct {
		member          ghosttest.Member
		body            string
		without, stripe outcome
	}{
		"a tier for a free member":      {free, `{"tiers":[{"id":"GOLD","expiry_at":"LATER"}]}`, outcome{200, "free Gold"}, outcome{200, "comped Gold"}},
		"another tier":                  {comped, `{"tiers":[{"id":"SILVER","expiry_at":"LATER"}]}`, outcome{200, "comped Silver"}, outcome{200, "comped Silver"}},
		"no tiers for a comped member":  {comped, `{"tiers":[]}`, outcome{200, "comped"}, outcome{200, "free"}},
		"comped":                        {free, `{"comped":true}`, outcome{200, "free"}, outcome{200, "comped Test Site"}},
		"two tiers for a free member":   {free, `{"tiers":[{"id":"GOLD"},{"id":"SILVER"}]}`, outcome{200, "free Gold Silver"}, outcome{400, "free"}},
		"two tiers for a comped member": {comped, `{"tiers":[{"id":"GOLD"},{"id":"SILVER"}]}`, outcome{200, "comped Gold Silver"}, outcome{400, "comped Gold"}},
		"an unknown tier":               {comped, `{"tiers":[{"id":"0123456789abcdef01234567"}]}`, outcome{422, "comped Gold"}, outcome{400, "comped Gold"}},
		"a slug instead of an id":       {comped, `{"tiers":[{"slug":"silver"}]}`, outcome{200, "comped Silver"}, outcome{500, "comped Gold"}},
		"a name instead of an id":       {comped, `{"tiers":[{"name":"Silver"}]}`, outcome{200, "comped Silver"}, outcome{500, "comped Gold"}},
		"an unknown slug":               {comped, `{"tiers":[{"slug":"none"}]}`, outcome{422, "comped Gold"}, outcome{500, "comped Gold"}},
		"a tier without any name":       {comped, `{"tiers":[{}]}`, outcome{422, "comped Gold"}, outcome{422, "comped Gold"}},
		"a payer gets another tier":     {payer, `{"tiers":[{"id":"SILVER"}]}`, outcome{200, "paid Silver"}, outcome{400, "paid Gold"}},
		"a payer gets a second tier":    {payer, `{"tiers":[{"id":"GOLD"},{"id":"SILVER"}]}`, outcome{200, "paid Gold Silver"}, outcome{400, "paid Gold"}},
		"a payer gets the same, to end": {payer, `{"tiers":[{"id":"GOLD","expiry_at":"LATER"}]}`, outcome{200, "paid Gold"}, outcome{200, "paid Gold"}},
		"a payer loses all tiers":       {payer, `{"tiers":[]}`, outcome{200, "paid"}, outcome{400, "paid Gold"}},
		"a payer is comped":             {payer, `{"comped":true}`, outcome{200, "paid Gold"}, outcome{200, "comped Test Site"}},
		"a payer gets a label":          {payer, `{"labels":["x"]}`, outcome{200, "paid Gold"}, outcome{200, "paid Gold"}},
		"tiers after a subscription":    {ended, `{"tiers":[]}`, outcome{200, "comped"}, outcome{200, "free"}},
		"the same tier, when status lags": {
			ghosttest.Member{Status: "free", Tiers: gold}, `{"tiers":[{"id":"GOLD","expiry_at":"LATER"}]}`,
			outcome{200, "free Gold"}, outcome{200, "free Gold"},
		},
	}
	for name, tt := range tests {
		for stripe, want := range map[bool]outcome{false: tt.without, true: tt.stripe} {
			t.Run(fmt.Sprintf("%s, Stripe %v", name, stripe), func(t *testing.T) {
				t.Parallel()
				g := withGrants(t, ghosttest.Options{Stripe: stripe}, tt.member)
				got := outcome{g.put(tt.body).status, g.state()}
				if got != want {
					t.Errorf("%+v, want %+v", got, want)
				}
			})
		}
	}
}

func TestANewMemberGetsOneTier(t *testing.T) {
	t.Parallel()
	for _, stripe := range []bool{false, true} {
		g := withGrants(t, ghosttest.Options{Stripe: stripe}, ghosttest.Member{})
		post := func(query, body string) answer {
			return send(t, g.Server, http.MethodPost, "/members/"+query, good(t), g.words(body))
		}
		one := post("?send_email=true&email_type=signin", `{"email":"b@example.com","tiers":[{"id":"GOLD","expiry_at":"LATER"}]}`)
		if one.status != http.StatusCreated || one.members(t)[0]["status"] != "comped" {
			t.Errorf("Stripe %v: %d %v", stripe, one.status, one.body)
		}
		two := post("", `{"email":"c@example.com","tiers":[{"id":"GOLD"},{"id":"SILVER"}]}`)
		if two.status != http.StatusBadRequest {
			t.Errorf("Stripe %v: two tiers: %d", stripe, two.status)
		}
		comped := post("", `{"email":"d@example.com","comped":true}`)
		if want := map[bool]int{false: 422, true: 201}[stripe]; comped.status != want {
			t.Errorf("Stripe %v: comped: %d, want %d", stripe, comped.status, want)
		}
		if diff := cmp.Diff([]ghosttest.Mail{{To: "b@example.com", Type: "signin"}}, g.Mails()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAnArchivedTierCanBeKeptButNotGiven(t *testing.T) {
	t.Parallel()
	g := withGrants(t, ghosttest.Options{Stripe: true}, ghosttest.Member{Tiers: []ghosttest.Grant{{Tier: "Gold"}}})
	g.ArchiveTier("gold")
	g.ArchiveTier("silver")
	if got := g.put(`{"tiers":[{"id":"GOLD","expiry_at":"LATER"}]}`); got.status != 200 {
		t.Errorf("kept: %d", got.status)
	}
	if got := g.put(`{"tiers":[{"id":"SILVER","expiry_at":"LATER"}]}`); got.status != 400 || g.state() != "comped Gold" {
		t.Errorf("given: %d, %s", got.status, g.state())
	}
	g.SetStripe(false) // then Ghost looks at a new member's tiers only
	if got := g.put(`{"tiers":[{"id":"SILVER","expiry_at":"LATER"}]}`); got.status != 200 || g.state() != "comped Silver" {
		t.Errorf("given without Stripe: %d, %s", got.status, g.state())
	}
	made := send(t, g.Server, http.MethodPost, "/members/", good(t), g.words(`{"email":"b@example.com","tiers":[{"id":"GOLD"}]}`))
	if made.status != http.StatusBadRequest {
		t.Errorf("given to a new member: %d", made.status)
	}
}

func TestAnExpiryHasTheFormOfItsDatabase(t *testing.T) {
	t.Parallel()
	for maria, want := range map[bool]any{true: "2030-01-01T10:20:30.000Z", false: 1893493230456.0} {
		g := withGrants(t, ghosttest.Options{Stripe: true, MariaDB: maria}, ghosttest.Member{})
		shown := func(body string) any {
			return g.put(body).members(t)[0]["tiers"].([]any)[0].(map[string]any)["expiry_at"]
		}
		if got := shown(`{"tiers":[{"id":"GOLD","expiry_at":"LATER"}]}`); got != want {
			t.Errorf("MariaDB %v: %v, want %v", maria, got, want)
		}
		if got := shown(`{"tiers":[{"id":"GOLD"}]}`); got != nil {
			t.Errorf("MariaDB %v: an expiry that was left out is %v, want none", maria, got)
		}
		if got := shown(`{"tiers":[{"id":"GOLD","expiry_at":"soon"}]}`); got != nil {
			t.Errorf("MariaDB %v: an expiry that is none is %v, want none", maria, got)
		}
	}
}

func TestTheNightlyJobEndsWhatEndedBeforeToday(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		member        ghosttest.Member
		maria, sqlite string
	}{
		"ended yesterday":           {compUntil(now.Add(-4 * time.Hour)), "free", "free"},
		"ends today, in the past":   {compUntil(now.Add(-2 * time.Hour)), "comped Gold", "free"},
		"ends in years":             {compUntil(now.AddDate(5, 0, 0)), "comped Gold", "free"},
		"never ends":                {compUntil(time.Time{}), "comped Gold", "comped Gold"},
		"a payer with a tier's end": {ghosttest.Member{Status: "paid", Tiers: compUntil(now.AddDate(0, 0, -2)).Tiers}, "paid", "paid"},
	}
	for name, tt := range tests {
		for maria, want := range map[bool]string{true: tt.maria, false: tt.sqlite} {
			g := withGrants(t, ghosttest.Options{MariaDB: maria, Now: func() time.Time { return now }}, tt.member)
			g.NightlyJob()
			if g.state() != want {
				t.Errorf("%s, MariaDB %v: %s, want %s", name, maria, g.state(), want)
			}
		}
	}
}

func compUntil(at time.Time) ghosttest.Member {
	return ghosttest.Member{Tiers: []ghosttest.Grant{{Tier: "Gold", ExpiresAt: at}}}
}

func TestSubscriptionsShowWhoPays(t *testing.T) {
	t.Parallel()
	shown := func(g grants) string {
		g.t.Helper()
		subs := get(g.t, g.Server, "/members/"+g.id+"/").members(g.t)[0]["subscriptions"].([]any)
		var out []string
		for _, s := range subs {
			sub := s.(map[string]any)
			id := "stripe"
			if sub["id"] == "" {
				id = "-"
			}
			plan := sub["plan"].(map[string]any)
			out = append(out, fmt.Sprint(id, " ", sub["status"], " ", plan["nickname"], " ", plan["amount"]))
		}
		return strings.Join(out, "; ")
	}
	tests := map[string]struct {
		member ghosttest.Member
		then   func(g grants) error
		want   string
	}{
		"free":   {ghosttest.Member{}, nil, ""},
		"comped": {compUntil(time.Time{}), nil, "- active Complimentary 0"},
		"gift": {ghosttest.Member{}, func(g grants) error { return g.Gift(g.id, "Gold", time.Time{}) },
			"- active Gift subscription 0"},
		"a payer": {ghosttest.Member{}, func(g grants) error { return g.Subscribe(g.id, "Gold") }, "stripe active Monthly 500"},
		"a payer who was comped": {ghosttest.Member{}, func(g grants) error {
			err := g.Subscribe(g.id, "Gold")
			g.put(`{"comped":true}`)
			g.put(`{"comped":false}`)
			return err
		}, "stripe active Complimentary 0"},
		"one who canceled": {ghosttest.Member{}, func(g grants) error {
			_ = g.Subscribe(g.id, "Gold")
			return g.CancelSubscription(g.id)
		}, "stripe canceled Monthly 500"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := withGrants(t, ghosttest.Options{Stripe: true}, tt.member)
			if tt.then != nil {
				if err := tt.then(g); err != nil {
					t.Fatal(err)
				}
			}
			if got := shown(g); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestASubscriptionHasTheKeysThatGhostGivesIt(t *testing.T) {
	t.Parallel()
	g := withGrants(t, ghosttest.Options{Stripe: true}, compUntil(time.Time{}))
	first := func(a answer) any { return a.members(t)[0]["subscriptions"].([]any)[0] }
	got, want := first(get(t, g.Server, "/members/"+g.id+"/")), first(fixture(t, "members-edit-grant"))
	if diff := cmp.Diff(keys(want), keys(got)); diff != "" {
		t.Error(diff)
	}
}

func TestADeafGhostAnswersAndDoesNothing(t *testing.T) {
	t.Parallel()
	g := withGrants(t, ghosttest.Options{Stripe: true}, ghosttest.Member{})
	g.SetDeaf(true)
	if got := g.put(`{"tiers":[{"id":"GOLD","expiry_at":"LATER"}]}`); got.status != 200 || g.state() != "free" {
		t.Errorf("%d, %s", got.status, g.state())
	}
	g.SetDeaf(false)
	if got := g.put(`{"tiers":[{"id":"GOLD","expiry_at":"LATER"}]}`); got.status != 200 || g.state() != "comped Gold" {
		t.Errorf("%d, %s", got.status, g.state())
	}
}

func TestConnectingStripeChangesWhatAWriteDoes(t *testing.T) {
	t.Parallel()
	g := withGrants(t, ghosttest.Options{}, ghosttest.Member{})
	g.SetStripe(true)
	g.put(`{"tiers":[{"id":"GOLD","expiry_at":"LATER"}]}`)
	if g.state() != "comped Gold" {
		t.Error(g.state())
	}
	settings, err := json.Marshal(get(t, g.Server, "/settings/").body)
	if err != nil || !strings.Contains(string(settings), `{"key":"paid_members_enabled","value":true}`) {
		t.Errorf("%s, %v", settings, err)
	}
}
