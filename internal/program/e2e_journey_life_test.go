//go:build e2e

package program_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestJourney1SetUpAsInTheReadme goes from an empty Ghost and an empty list to the
// first member on it.
func TestJourney1SetUpAsInTheReadme(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	v := newVisit(t)
	v.run("serve")
	v.start("worker")
	v.eventually("a worker is there", 5*time.Minute, func() string { return v.shows("/health", `"workers":1`) })
	if out, code := v.command("doctor", v.site.name); code != 5 || !strings.Contains(out, "list_fields") {
		t.Errorf("doctor finds nothing missing before the set-up: exit code %d\n%s", code, out)
	}
	if out, code := v.command("doctor", v.site.name, "--fix", "--public-url", v.url); code != 0 {
		t.Fatalf("doctor --fix ended with %d\n%s", code, out)
	}
	email := v.email("first")
	v.ghost.adds(map[string]any{"email": email, "name": "First Member", "labels": []any{map[string]any{"name": "Founder"}}})
	v.agree("the first member")
	s, _ := v.list.Subscriber(v.site.listID, email)
	if s.Fields["ghost_signup_date"] == "" || s.Fields["ghost_status"] != "free" {
		t.Errorf("the first subscriber has %v", s.Fields)
	}
	v.ghost.edits(v.member("first").ID, map[string]any{"name": "Renamed Member"})
	v.agree("their new name")
	v.eventually("doctor has heard of the first webhooks", time.Minute, func() string {
		if out, code := v.command("doctor", v.site.name); code != 0 || strings.Contains(out, "no webhook has come yet") {
			return fmt.Sprintf("exit code %d\n%s", code, out)
		}
		return ""
	})
	v.answered()
	v.clean()
	v.discreet(t, email, secret, v.ghost.key)
}

// email is an address of this visit.
func (v *visit) email(name string) string {
	return fmt.Sprintf("%s.%d@example.org", name, v.began.UnixNano())
}

// member is who has an address of this visit.
func (v *visit) member(name string) held {
	v.t.Helper()
	m, found := v.ghost.member(v.email(name))
	if !found {
		v.t.Fatalf("there is no %s", name)
	}
	return m
}

// TestJourney2AMembersLife compares both sides after each thing that happens to one.
func TestJourney2AMembersLife(t *testing.T) { //nolint:paralleltest // it has the Ghost to itself
	v := newVisit(t)
	v.opens()
	change := func(what string, fields map[string]any) {
		t.Helper()
		v.ghost.edits(v.member("life").ID, fields)
		v.agree(what)
	}
	v.ghost.adds(map[string]any{"email": v.email("life"), "name": "A Life"})
	v.agree("joining")
	newsletters := v.member("life").Newsletters
	change("a new name", map[string]any{"name": "Änother Life 🎉"})
	change("two labels", map[string]any{"labels": []any{map[string]any{"name": "VIP"}, map[string]any{"name": "Early Bird"}}})
	change("one label less", map[string]any{"labels": []any{map[string]any{"name": "VIP"}}})
	change("newsletters off", map[string]any{"newsletters": []any{}})
	change("newsletters on", map[string]any{"newsletters": newsletters})
	change("a comp by tier", map[string]any{"tiers": []any{map[string]any{"id": v.ghost.tiers[goldTier], "expiry_at": "2031-01-01T00:00:00.000Z"}}})
	change("no tier", map[string]any{"tiers": []any{}})
	v.changesAddress()
	v.portal()
	if v.ghost.standIn != "" {
		v.paysByStripe()
	}
	v.ghost.ask(http.MethodDelete, "members/"+v.member("life").ID+"/", nil, nil)
	v.agree("a delete")
	if s, _ := v.list.Subscriber(v.site.listID, v.email("life")); s.State != "Unsubscribed" {
		t.Errorf("who was deleted is %q", s.State)
	}
	v.ghost.adds(map[string]any{"email": v.email("life"), "name": "Back Again"})
	v.agree("joining again")
	v.clean()
	v.discreet(t, v.email("life"), v.email("portal"), secret, v.ghost.key)
}

// changesAddress leaves nobody behind at the old address.
func (v *visit) changesAddress() {
	v.t.Helper()
	id := v.member("life").ID
	v.ghost.edits(id, map[string]any{"email": v.email("moved")})
	v.agree("a new address")
	if s, found := v.list.Subscriber(v.site.listID, v.email("life")); found && s.State == "Active" {
		v.t.Error("the old address is still active")
	}
	v.ghost.edits(id, map[string]any{"email": v.email("life")})
	v.agree("the old address again")
}

// portal is what a reader does on the site: sign up by the link in a mail, change the
// name, and unsubscribe.
func (v *visit) portal() {
	v.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		v.t.Fatal(err)
	}
	reader := &http.Client{Jar: jar}
	token := v.asReader(reader, http.MethodGet, "integrity-token/", nil)
	v.asReader(reader, http.MethodPost, "send-magic-link/", map[string]any{
		"email": v.email("portal"), "name": "By Portal", "emailType": "signup", "integrityToken": string(token), "requestSrc": "portal",
	})
	if _, early := v.ghost.member(v.email("portal")); early {
		v.t.Error("who only asked for a link is a member")
	}
	resp, err := reader.Get(v.linkMailedTo(v.email("portal")))
	if err != nil {
		v.t.Fatal(err)
	}
	resp.Body.Close()
	v.member("portal")
	v.agree("a sign-up by the link in a mail")
	v.asReader(reader, http.MethodPut, "member/", map[string]any{"name": "By Herself"})
	if m := v.member("portal"); m.Name != "By Herself" {
		v.t.Errorf("the portal left the name %q", m.Name)
	}
	v.agree("a name changed in the portal")
	v.asReader(reader, http.MethodPut, "member/", map[string]any{"newsletters": []any{}})
	v.agree("newsletters off in the portal")
}

func (v *visit) asReader(reader *http.Client, method, path string, body any) []byte {
	v.t.Helper()
	var raw []byte
	var err error
	if body != nil {
		raw, err = json.Marshal(body)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.ghost.url+"/members/api/"+path, bytes.NewReader(raw))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := reader.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		v.t.Fatalf("the portal's %s was answered %s %s, %v", path, resp.Status, answer, err)
	}
	return answer
}

// linkMailedTo waits for the mail that Ghost sends to an address, and returns the
// link in it.
func (v *visit) linkMailedTo(email string) (link string) {
	v.t.Helper()
	v.eventually("a mail comes", 5*time.Minute, func() string {
		files, err := filepath.Glob(filepath.Join(v.ghost.mails, "*.eml"))
		if err != nil {
			return err.Error()
		}
		for _, file := range files {
			if to, text := mailIn(v.t, file); to == email {
				link = regexp.MustCompile(regexp.QuoteMeta(v.ghost.url) + `/members/\?[^\s"<>)]+`).FindString(text)
			}
		}
		if link == "" {
			return "there is none yet"
		}
		return ""
	})
	return strings.ReplaceAll(link, "&amp;", "&")
}

// mailIn reads a mail: to whom it is, and its first part as text, "" if it has none:
// what Ghost tells its staff has no parts.
func mailIn(t testing.TB, file string) (to, text string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return m.Header.Get("To"), ""
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextPart() // which undoes quoted-printable
	if err != nil {
		t.Fatal(err)
	}
	body := io.Reader(part)
	if part.Header.Get("Content-Transfer-Encoding") == "base64" {
		body = base64.NewDecoder(base64.StdEncoding, part)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return m.Header.Get("To"), string(content)
}

// paysByStripe makes the member a paying one by the stand-in, and ends that.
func (v *visit) paysByStripe() {
	v.t.Helper()
	email := v.email("life")
	customer := "cus_" + hex.EncodeToString([]byte(email))
	product := v.ghost.product(goldTier)
	subscription := map[string]any{
		"id": "sub_" + customer, "customer": customer, "email": email, "status": "active", "price": "price_" + customer, "product": product,
	}
	v.ghost.control("/_ctl/sub", subscription)
	v.ghost.stripeSays("checkout.session.completed", map[string]any{
		"id": "cs_" + customer, "object": "checkout.session", "mode": "subscription", "customer": customer, "subscription": "sub_" + customer,
		"metadata": map[string]any{"checkoutType": "upgrade"},
	})
	v.patientlyIs("paid")
	v.agree("an upgrade by Stripe")
	v.ghost.leaves(subscription)
	v.eventually("Ghost knows of the cancellation", 3*time.Minute, func() string {
		if m := v.member("life"); len(m.Subscriptions) != 1 || !m.Subscriptions[0].Leaves || m.Status != "paid" {
			return fmt.Sprintf("it says %q with %+v", m.Status, m.Subscriptions)
		}
		return ""
	})
	v.agree("a cancellation for the end of the period")
	v.ghost.stops(subscription)
	v.patientlyIs("free")
	v.agree("the end of the subscription")
}

// patientlyIs waits until Ghost itself says so.
func (v *visit) patientlyIs(status string) {
	v.t.Helper()
	v.eventually("Ghost says "+status, 3*time.Minute, func() string {
		if m := v.member("life"); m.Status != status {
			return "it says " + m.Status
		}
		return ""
	})
}
