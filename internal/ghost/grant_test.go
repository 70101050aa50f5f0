package ghost_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

const tierID = "6b0232edf40b4d72024c8270"

var ends = time.Date(2030, 1, 2, 3, 4, 5, 678_900_000, time.UTC)

func TestWritesOfTiersSendTheTiersAlone(t *testing.T) {
	t.Parallel()
	const at = `/ghost/api/admin/members/` + id + `/?include=tiers {"members":[{`
	const tier = `"tiers":[{"id":"` + tierID + `","expiry_at":"2030-01-02T03:04:05.000Z"}]`
	for name, tt := range map[string]struct {
		call func(c *ghost.Client) error
		want string
	}{
		"grant":   {func(c *ghost.Client) error { return c.GrantTier(t.Context(), id, tierID, ends, "") }, "PUT " + at + tier + "}]}"},
		"noted":   {func(c *ghost.Client) error { return c.GrantTier(t.Context(), id, tierID, ends, "n") }, "PUT " + at + tier + `,"note":"n"}]}`},
		"expire":  {func(c *ghost.Client) error { return c.ExpireTier(t.Context(), id, tierID, ends, "") }, "PUT " + at + tier + "}]}"},
		"restore": {func(c *ghost.Client) error { return c.RestoreTier(t.Context(), id, tierID, ends, "") }, "PUT " + at + tier + "}]}"},
		"restore for ever": {
			func(c *ghost.Client) error { return c.RestoreTier(t.Context(), id, tierID, time.Time{}, "") },
			"PUT " + at + `"tiers":[{"id":"` + tierID + `","expiry_at":null}]}]}`,
		},
		"revoke": {func(c *ghost.Client) error { return c.RevokeTiers(t.Context(), id, "") }, "PUT " + at + `"tiers":[]}]}`},
		"create": {
			func(c *ghost.Client) error {
				_, err := c.CreateMember(t.Context(), ghost.NewMember{Email: "a@example.com", TierID: tierID, ExpiryAt: ends})
				return err
			},
			`POST /ghost/api/admin/members/ {"members":[{"email":"a@example.com",` + tier + "}]}",
		},
		"create with all": {
			func(c *ghost.Client) error {
				_, err := c.CreateMember(t.Context(), ghost.NewMember{
					Email: "a@example.com", Name: "A", Note: "n", TierID: tierID, ExpiryAt: ends, SendMail: true,
				})
				return err
			},
			`POST /ghost/api/admin/members/?email_type=signin&send_email=true {"members":[{"email":"a@example.com","name":"A","note":"n",` + tier + "}]}",
		},
	} {
		var sent atomic.Value
		c := handled(t, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			sent.Store(strings.TrimSuffix(fmt.Sprintf("%s %s %s %v", r.Method, r.URL, body, err), " <nil>"))
			w.WriteHeader(success(r))
			_, _ = io.WriteString(w, `{"members":[{"id":"`+id+`","status":"free","tiers":[],"subscriptions":[]}]}`)
		})
		if err := tt.call(c); err != nil || sent.Load() != tt.want {
			t.Errorf("%s sent\n%v, want\n%s; %v", name, sent.Load(), tt.want, err)
		}
	}
}

func TestATierIsNeverWrittenWithoutItsEnd(t *testing.T) {
	t.Parallel()
	c := handled(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.Method) })
	_, err := c.CreateMember(t.Context(), ghost.NewMember{Email: "a@example.com", TierID: tierID})
	for name, err := range map[string]error{
		"create": err,
		"grant":  c.GrantTier(t.Context(), id, tierID, time.Time{}, ""),
		"expire": c.ExpireTier(t.Context(), id, tierID, time.Time{}, ""),
	} {
		if !errors.Is(err, ghost.ErrNoExpiry) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.GrantTier(t.Context(), id, "gold", ends, ""); !errors.Is(err, ghost.ErrInvalidMember) {
		t.Errorf("of a slug: %v", err)
	}
	if err := c.RevokeTiers(t.Context(), "bulk", ""); !errors.Is(err, ghost.ErrInvalidMember) {
		t.Errorf("of nobody: %v", err)
	}
}

func TestAccessIsWhatGhostShows(t *testing.T) {
	t.Parallel()
	for _, maria := range []bool{false, true} {
		s := ghosttest.Run(t, ghosttest.Options{MariaDB: maria, Stripe: true})
		gold := s.AddTier("Gold", "gold")
		whole := ends.Truncate(time.Second)
		m := add(t, s, ghosttest.Member{
			Email: "Jo@Example.com", Name: "Jo", Note: "n", Labels: []string{"A"}, Tiers: []ghosttest.Grant{{Tier: "Gold", ExpiresAt: whole}},
		})
		want := ghost.Access{
			ID: m.ID, Email: "Jo@Example.com", Name: "Jo", Status: "comped", Labels: []string{"A"}, Note: "n",
			Tiers:         []ghost.HeldTier{{ID: gold, Slug: "gold", Name: "Gold", ExpiryAt: whole}},
			Subscriptions: []ghost.Subscription{{Status: "active", Plan: "Complimentary", TierID: gold, Ends: whole}},
		}
		got, err := clientOf(t, s).AccessByID(t.Context(), m.ID)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s %v", diff, err)
		}
		for email, found := range map[string]bool{"Jo@Example.com": true, "JO@example.com": maria, "ju@example.com": false} {
			got, ok, err := clientOf(t, s).AccessByEmail(t.Context(), email)
			if err != nil || ok != found || found && got.ID != m.ID {
				t.Errorf("MariaDB %v, %s: %v %+v %v", maria, email, ok, got, err)
			}
		}
	}
}

func TestAnotherAccentIsAnotherPerson(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{MariaDB: true})
	add(t, s, ghosttest.Member{Email: "jose@example.com"})
	if got, ok, err := clientOf(t, s).AccessByEmail(t.Context(), "josé@example.com"); ok || err != nil {
		t.Errorf("%+v %v", got, err)
	}
	_, err := clientOf(t, s).CreateMember(t.Context(), ghost.NewMember{
		Email: "josé@example.com", TierID: s.AddTier("Gold", "gold"), ExpiryAt: ends,
	})
	if !errors.Is(err, ghost.ErrMemberExists) {
		t.Errorf("created beside the other: %v", err)
	}
}

func TestWhoPaysIsTold(t *testing.T) {
	t.Parallel()
	sub := func(id, status, plan string) ghost.Access {
		return ghost.Access{Status: "comped", Subscriptions: []ghost.Subscription{{ID: id, Status: status, Plan: plan}}}
	}
	for name, tt := range map[string]struct {
		access           ghost.Access
		paying, freeComp bool
	}{
		"free":                      {ghost.Access{Status: "free"}, false, false},
		"comped":                    {sub("", "active", "Complimentary"), false, false},
		"gift":                      {ghost.Access{Status: "gift"}, true, false},
		"paid":                      {ghost.Access{Status: "paid"}, true, false},
		"active":                    {sub("sub_1", "active", "Monthly"), true, false},
		"trialing":                  {sub("sub_1", "trialing", "Monthly"), true, false},
		"past due":                  {sub("sub_1", "past_due", "Monthly"), true, false},
		"unpaid":                    {sub("sub_1", "unpaid", "Monthly"), true, false},
		"canceled":                  {sub("sub_1", "canceled", "Monthly"), false, false},
		"comped by Stripe":          {sub("sub_1", "active", "Complimentary"), false, true},
		"was once comped by Stripe": {sub("sub_1", "canceled", "Complimentary"), false, false},
	} {
		if got := tt.access; got.Paying() != tt.paying || got.StripeComp() != tt.freeComp {
			t.Errorf("%s: %v %v", name, got.Paying(), got.StripeComp())
		}
	}
}

func TestAccessThatIsNotWholeIsNotBelieved(t *testing.T) {
	t.Parallel()
	const begin = `{"members":[{"id":"` + id + `","email":"a@example.com"`
	for name, rest := range map[string]string{
		"no status":        `,"tiers":[],"subscriptions":[]}]}`,
		"no tiers":         `,"status":"free","subscriptions":[]}]}`,
		"tiers are null":   `,"status":"free","tiers":null,"subscriptions":[]}]}`,
		"no subscriptions": `,"status":"free","tiers":[]}]}`,
		"two members":      `,"status":"free","tiers":[],"subscriptions":[]},{}]}`,
		"tiers are text":   `,"status":"free","tiers":"gold","subscriptions":[]}]}`,
	} {
		if _, err := answering(t, 200, nil, begin+rest).AccessByID(t.Context(), id); kindOf(err) != ghost.Unreadable {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := `{"members":[{"id":"6b0233b2a81c3c0187d34847","status":"free","tiers":[],"subscriptions":[]}]}`
	if _, err := answering(t, 200, nil, other).AccessByID(t.Context(), id); kindOf(err) != ghost.Unreadable {
		t.Errorf("another member: %v", err)
	}
}

func TestCapturedAccess(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]bool{ // paying, comped by Stripe
		"members-edit-grant":              {false, false},
		"members-add-stripe":              {true, false},
		"members-edit-comped-true-stripe": {false, true},
	} {
		f := body(t, name)
		c := answering(t, http.StatusOK, nil, string(f))
		f1 := ghostID(t, f)
		got, err := c.AccessByID(t.Context(), f1)
		if err != nil || got.Paying() != want[0] || got.StripeComp() != want[1] || len(got.Tiers) != 1 {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	c := answering(t, http.StatusOK, nil, string(body(t, "tiers-browse")))
	got, err := c.Tiers(t.Context())
	want := []ghost.Tier{
		{ID: "6b0232edf40b4d72024c826f", Slug: "free", Name: "Free", Active: true, Type: "free"},
		{ID: "6b0232edf40b4d72024c8270", Slug: "default-product", Name: "Test Site", Active: true, Type: "paid"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%s %v", diff, err)
	}
}

func TestTiersTellWhichAreArchived(t *testing.T) {
	t.Parallel()
	s := ghosttest.Run(t, ghosttest.Options{})
	gold := s.AddTier("Gold", "gold")
	s.ArchiveTier("gold")
	got, err := clientOf(t, s).Tiers(t.Context())
	if err != nil || len(got) != 3 || got[2] != (ghost.Tier{ID: gold, Slug: "gold", Name: "Gold", Type: "paid"}) {
		t.Errorf("%+v %v", got, err)
	}
}

func TestWhatIsNotWrittenStays(t *testing.T) {
	t.Parallel()
	for _, stripe := range []bool{false, true} {
		s := ghosttest.Run(t, ghosttest.Options{Stripe: stripe, MariaDB: true})
		gold := s.AddTier("Gold", "gold")
		m := add(t, s, ghosttest.Member{Email: "a@example.com", Name: "A", Note: "old", Labels: []string{"VIP"}, Status: "comped"})
		c := clientOf(t, s)
		if err := c.GrantTier(t.Context(), m.ID, gold, ends, ""); err != nil {
			t.Fatal(err)
		}
		want := m
		want.Tiers = []ghosttest.Grant{{Tier: "Gold", ExpiresAt: ends.Truncate(time.Second)}}
		if diff := cmp.Diff([]ghosttest.Member{want}, s.Members(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("granted: %s", diff)
		}
		if err := c.RevokeTiers(t.Context(), m.ID, "new"); err != nil {
			t.Fatal(err)
		}
		want.Tiers, want.Note = nil, "new"
		if want.Status = "comped"; stripe {
			want.Status = "free"
		}
		ignored := cmpopts.IgnoreFields(ghosttest.Member{}, "UpdatedAt")
		if diff := cmp.Diff([]ghosttest.Member{want}, s.Members(), cmpopts.EquateEmpty(), ignored); diff != "" {
			t.Errorf("revoked: %s", diff)
		}
	}
}

func TestANoteKeepsWhatOthersWrote(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1990)
	for _, tt := range [][2]string{
		{"", "app: gold"},
		{"mine", "mine\napp: gold"},
		{"mine\napp: silver\nyours", "mine\napp: gold\nyours"},
		{"app: silver", "app: gold"},
		{long, long + "\napp: gold"},
		{long + "x", long + "x"},
		{strings.Repeat("😀", 998), strings.Repeat("😀", 998)},
	} {
		if got := ghost.Noted(tt[0], "app: ", "gold"); got != tt[1] {
			t.Errorf("%.20q became %q", tt[0], got)
		}
	}
	if got := ghost.Noted("", "app: ", "a\nb\tc"); got != "app: a b c" {
		t.Errorf("%q", got)
	}
}

// body is the body of an answer of a real Ghost.
func body(t *testing.T, name string) []byte {
	t.Helper()
	var f struct {
		Response struct{ Body json.RawMessage }
	}
	if err := json.Unmarshal(read(t, "testdata/admin-api/"+name+".json"), &f); err != nil {
		t.Fatal(err)
	}
	return f.Response.Body
}

func ghostID(t *testing.T, body []byte) string {
	t.Helper()
	var m struct{ Members []struct{ ID string } }
	if err := json.Unmarshal(body, &m); err != nil || len(m.Members) != 1 {
		t.Fatal(err)
	}
	return m.Members[0].ID
}
