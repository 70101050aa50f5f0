package program_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/erasure"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// everything is all keys and values of a Redis, each as "key: value".
func (r *rig) everything() (all []string) {
	r.t.Helper()
	client, ctx := r.client(), r.t.Context()
	keys, err := client.Keys(ctx, "*").Result()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, key := range keys {
		kind, err := client.Type(ctx, key).Result()
		if err != nil {
			r.t.Fatal(err)
		}
		var value any
		switch kind {
		case "string":
			value, err = client.Get(ctx, key).Result()
		case "hash":
			value, err = client.HGetAll(ctx, key).Result()
		case "set":
			value, err = client.SMembers(ctx, key).Result()
		case "zset":
			value, err = client.ZRange(ctx, key, 0, -1).Result()
		case "list":
			value, err = client.LRange(ctx, key, 0, -1).Result()
		case "stream":
			value, err = client.XRange(ctx, key, "-", "+").Result()
		}
		if err != nil && !errors.Is(err, redis.Nil) {
			r.t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s: %v", key, value))
	}
	return all
}

// files are those under a directory, each as "path: content".
func files(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all = append(all, path+": "+string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// holding are those of the texts that hold a mark, in any case.
func holding(texts, marks []string) (found []string) {
	for _, text := range texts {
		for _, mark := range marks {
			if strings.Contains(strings.ToLower(text), strings.ToLower(mark)) {
				found = append(found, mark+" in "+text[:min(len(text), 300)])
			}
		}
	}
	return found
}

func yes(erasure.Person, erasure.Outcome) (bool, error) { return true, nil }

// spellings are of a mark in all the ways in which bodies and texts spell it.
func spellings(mark string) []string {
	return []string{mark, url.QueryEscape(mark), strings.ReplaceAll(mark, "@", `\u0040`)}
}

func TestAPersonIsErasedFromAllThatIsKept(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	s := newShop(t, rigOptions{ghost: connected(), env: []string{"STATE_DIR=" + state}})
	const was, is, name = "jo.before+x@example.org", "jo.after+x@example.org", "Josephine Marked"
	jo, err := s.site.AddMember(ghosttest.Member{Email: was, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.site.AddMember(ghosttest.Member{Email: "ann@example.org", Name: "Ann Other"}); err != nil {
		t.Fatal(err)
	}
	s.site.Flush()
	s.takes(s.bought("sub-of-josephine", was, "prod_gold"))
	s.comes("the purchase gives access", s.has(was, "comped", "Gold"), s.state("polar:sub-of-josephine", payment.StateGranted))
	if status := s.pay(payment.Polar, "polar_whs_wrong", s.bought("sub-refused-of-josephine", was, "prod_gold")); status != 401 {
		t.Errorf("a delivery with a wrong signature was answered %d", status)
	}
	s.eventually("all is written", long, s.settled)
	// A change that no webhook told of, so that a sync writes it into its journal.
	s.pointNowhere()
	if err := s.site.EditMember(jo.ID, func(m *ghosttest.Member) { m.Email = is; m.Labels = []string{"label-of-josephine"} }); err != nil {
		t.Fatal(err)
	}
	if report, err := s.Sync(t.Context(), s.site.name, reconcile.Request{}); err != nil || report.Journal == "" {
		t.Fatalf("the sync: %+v, %v", report, err)
	}
	s.pointGhosts()
	s.eventually("all is written again", long, s.settled)

	marks := append(append(spellings(was), spellings(is)...), name, "josephine", member.AddressHash(was))
	if found := holding(append(s.everything(), files(t, state)...), marks); len(found) < 5 {
		t.Fatalf("there is too little to erase: %q", found)
	}
	person, out, err := s.Forget(t.Context(), s.site.name, is, "cli", func(p erasure.Person, _ erasure.Outcome) (bool, error) { return false, nil })
	if err != nil || !person.InGhost || len(person.Running) != 1 || out.Nothing() {
		t.Errorf("looked at before: %+v, %+v, %v", person, out, err)
	}
	if err := s.site.DeleteMember(jo.ID); err != nil {
		t.Fatal(err)
	}
	s.site.Flush()
	s.eventually("the deletion is carried on", long, func() string {
		if p, found := s.list.Subscriber(s.site.listID, is); !found || p.State == "Active" {
			return "still on the list"
		}
		return s.settled()
	})
	for _, whom := range []string{was, strings.ToUpper(is)} {
		if _, out, err := s.Forget(t.Context(), s.site.name, whom, "cli", yes); err != nil {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	kept := s.everything()
	for _, text := range holding(append(kept, files(t, state)...), marks) {
		if !strings.Contains(text, "{ghostcm}:activity:") { // that it was done
			t.Errorf("it is still kept: %s", text)
		}
	}
	raw, _ := hex.DecodeString(jo.ID)
	for _, text := range holding(kept, []string{jo.ID, string(raw)}) {
		if !strings.Contains(text, "{ghostcm}:member:") { // the mark of the deletion
			t.Errorf("the id is still kept: %s", text)
		}
	}
	if found := holding(kept, []string{"ann@example.org"}); len(found) == 0 {
		t.Error("the other member is forgotten, too")
	}
}

// remembersDeleted says whether a member is remembered as deleted.
func (r *rig) remembersDeleted(site, id string) bool {
	r.t.Helper()
	known, err := r.Store.Recall(r.t.Context(), site, []string{id})
	if err != nil {
		r.t.Fatal(err)
	}
	return known[0].Memory.DeletedAt != 0
}

func TestForgettingKeepsTheMarkOfADeletionWhereGhostCannotBeAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{noAdmin: true})
	site := r.sites[0]
	jo, err := site.AddMember(ghosttest.Member{Email: "jo@example.org", Name: "Jo"})
	if err != nil {
		t.Fatal(err)
	}
	site.Flush()
	r.eventually("jo is on the list", long, func() string { return r.agrees(site) })
	if err := site.DeleteMember(jo.ID); err != nil {
		t.Fatal(err)
	}
	site.Flush()
	r.eventually("the deletion is carried on", long, func() string {
		if !r.remembersDeleted(site.name, jo.ID) {
			return "it is not"
		}
		return r.settled()
	})
	if _, out, err := r.Forget(t.Context(), site.name, jo.ID, "cli", yes); err != nil || out.Marked != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	if !r.remembersDeleted(site.name, jo.ID) {
		t.Error("a late edit would bring the member back")
	}
	if found := holding(r.everything(), []string{"jo@example.org"}); len(found) > 0 {
		t.Errorf("it is still kept: %q", found)
	}
}

func TestNobodyIsForgottenOnAYesThatIsOutOfDate(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	site := r.sites[0]
	jo, err := site.AddMember(ghosttest.Member{Email: "jo@example.org", Name: "Jo"})
	if err != nil {
		t.Fatal(err)
	}
	site.Flush()
	r.eventually("jo is on the list", long, func() string { return r.agrees(site) })
	_, _, err = r.Forget(t.Context(), site.name, "jo@example.org", "cli", func(p erasure.Person, _ erasure.Outcome) (bool, error) {
		err := site.DeleteMember(jo.ID) // as the person at the terminal was just told to
		site.Flush()
		return p.InGhost, err
	})
	if !errors.Is(err, erasure.ErrChanged) {
		t.Errorf("forgotten: %v", err)
	}
	r.eventually("the deletion is carried on", long, func() string {
		if !r.remembersDeleted(site.name, jo.ID) {
			return "it was forgotten"
		}
		return r.settled()
	})
}

// An opt-out may be remembered of an address that only Ghost says is theirs by now; and
// who is asked whether to go on may take as long as a member needs to change.
func TestWhatGhostAloneTellsOfAPersonCounts(t *testing.T) {
	t.Parallel()
	s := newShop(t, rigOptions{ghost: connected()})
	const was, is = "jo.before@example.org", "jo.after@example.org"
	var ids []string
	for _, email := range []string{was, is} {
		m, err := s.site.AddMember(ghosttest.Member{Email: email})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	s.site.Flush()
	s.eventually("both are on the list", long, func() string {
		if _, found := s.list.Subscriber(s.site.listID, is); !found {
			return "not on the list"
		}
		return s.settled()
	})
	s.list.SetState(s.site.listID, is, "Unsubscribed")
	if _, err := s.Sync(t.Context(), s.site.name, reconcile.Request{}); err != nil {
		t.Fatal(err)
	}
	if err := s.site.DeleteMember(ids[1]); err != nil {
		t.Fatal(err)
	}
	s.site.Flush()
	s.eventually("the deletion is carried on", long, s.settled)
	s.list.Erase(s.site.listID, is)
	s.pointNowhere()
	change := func() error {
		return s.site.EditMember(ids[0], func(m *ghosttest.Member) { m.Email = is })
	}
	before := len(holding(s.everything(), []string{was}))
	_, out, err := s.Forget(t.Context(), s.site.name, was, "cli", func(p erasure.Person, _ erasure.Outcome) (bool, error) {
		if p.OptedOut || len(p.Emails) != 1 {
			t.Errorf("before the change: %+v", p)
		}
		return true, change()
	})
	if !errors.Is(err, erasure.ErrChanged) || len(out.Counts) != 0 || len(holding(s.everything(), []string{was})) != before {
		t.Errorf("somebody changed while it was asked whether to forget them: %+v, %v", out, err)
	}
	for _, whom := range []string{was, is, ids[0]} {
		_, _, err = s.Forget(t.Context(), s.site.name, whom, "cli", func(p erasure.Person, _ erasure.Outcome) (bool, error) {
			if o := p.Objections(); !p.OptedOut || len(o) == 0 || !o[0].Firm {
				t.Errorf("%s: the opt-out of an address that Ghost tells of: %+v, %+v", whom, o, p)
			}
			return true, nil // whatever speaks against it
		})
		if !errors.Is(err, erasure.ErrChanged) {
			t.Errorf("%s: %v", whom, err)
		}
	}
}
