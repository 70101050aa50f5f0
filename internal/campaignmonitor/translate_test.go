package campaignmonitor_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/member"
)

func TestTheShapeOfAListNamesTheFieldsThatAreMissing(t *testing.T) {
	t.Parallel()
	server := cmtest.Run(t, cmtest.Options{})
	list := server.CreateList(cmtest.ListOptions{ConfirmedOptIn: true})
	server.AddField(list, "ghost_status", "Text")
	server.AddField(list, "Signup Date", "Date")
	server.AddField(list, "ghost_labels", "Number")
	c := shapeClient(t, server)
	shape, err := c.Shape(t.Context(), list, map[member.Fact]string{
		member.FactStatus: "ghost_status", member.FactSignupDate: "Signup Date", member.FactLabels: "ghost_labels",
		member.FactPreviousStatus: "ghost_previous_status", member.FactTiers: "ghost_tiers",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := campaignmonitor.Shape{
		Layout: member.Layout{ListID: list, RemoveByDelete: true, Columns: map[member.Fact]member.Column{
			member.FactStatus: {Key: "[ghost_status]"}, member.FactSignupDate: {Key: "[SignupDate]", Date: true},
		}},
		Missing: []string{"ghost_labels", "ghost_previous_status"}, ConfirmedOptIn: true,
	}
	if diff := cmp.Diff(want, shape, cmp.AllowUnexported(member.Layout{})); diff != "" {
		t.Error(diff)
	}
}

func shapeClient(t *testing.T, server *cmtest.Server) *campaignmonitor.Client {
	t.Helper()
	return newClient(t, campaignmonitor.Options{BaseURL: server.URL(), APIKey: cmtest.DefaultKey})
}

func TestAnswersThatDecisionsDependOnAreNoErrors(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]member.Result{
		203: {Answer: member.Absent}, 201: {Answer: member.Occupied}, 1: {Answer: member.BadAddress}, 211: {Answer: member.BadAddress},
		204: {Answer: member.OptedOut, Code: "204"}, 205: {Answer: member.OptedOut, Code: "205"},
		206: {Answer: member.OptedOut, Code: "206"}, 207: {Answer: member.OptedOut, Code: "207"}, 208: {Answer: member.Unconfirmed},
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			got, err := campaignmonitor.Answer(campaignmonitor.ImportFailure{Code: code}.Err())
			if err != nil || got != want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	for _, err := range []error{errors.New("another"), campaignmonitor.ImportFailure{Code: 500}.Err(), campaignmonitor.ImportFailure{Code: 100}.Err()} {
		if _, got := campaignmonitor.Answer(err); !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestATimeOfTheClientsZoneIsHeldAgainstItsPresent(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	if got := campaignmonitor.SameClock("2026-11-22 11:00:00", "2026-11-22 10:30:00", now); !got.Equal(now.Add(-30 * time.Minute)) {
		t.Errorf("%v", got)
	}
	for _, odd := range [][2]string{{"", "2026-11-22 10:30:00"}, {"2026-11-22 11:00:00", "soon"}} {
		if got := campaignmonitor.SameClock(odd[0], odd[1], now); !got.IsZero() {
			t.Errorf("%q: %v", odd, got)
		}
	}
}

func TestPagesSayHowManyThereAre(t *testing.T) {
	t.Parallel()
	server := cmtest.Run(t, cmtest.Options{})
	list := server.CreateList(cmtest.ListOptions{})
	for i := range 25 {
		server.Seed(list, cmtest.Subscriber{Email: fmt.Sprintf("p%02d@x.org", i)})
	}
	c := shapeClient(t, server)
	q := campaignmonitor.Query{PageSize: 10}
	p, err := c.SubscribersPage(t.Context(), list, campaignmonitor.StateActive, q, 3)
	if err != nil || len(p.Subscribers) != 5 || p.Pages != 3 || p.Total != 25 || p.Subscribers[4].Email != "p24@x.org" {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = c.SubscribersPage(t.Context(), list, campaignmonitor.StateActive, q, 4); err != nil || len(p.Subscribers) != 0 {
		t.Errorf("behind the last: %+v, %v", p, err)
	}
}
