package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
)

func TestPaymentsAreShownWhereASiteSells(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.visitor().signIn()
	if p := v.get("/dashboard"); strings.Contains(p.body, `href="/dashboard/payments"`) {
		t.Error("the overview leads to payments though nobody sells")
	}
	if p := v.get("/dashboard/payments"); p.StatusCode != http.StatusOK || !strings.Contains(p.body, "No payments are set up") {
		t.Errorf("without a shop it answers %d %s", p.StatusCode, p.body)
	}
	r.reload(shopSettings()...)
	if p := v.get("/dashboard"); !strings.Contains(p.body, `href="/dashboard/payments"`) {
		t.Error("the overview does not lead to payments")
	}
	if p := v.get("/dashboard/payments"); !strings.Contains(p.body, "Nothing was sold yet") {
		t.Errorf("with nothing sold it says %s", p.body)
	}
}

func TestWhatNeedsSomebodyComesFirst(t *testing.T) {
	t.Parallel()
	r := newShop(t)
	r.sellAll()
	v := r.visitor().signIn()
	body := v.get("/dashboard/payments").body
	_, rows, _ := strings.Cut(body, `<table class="purchases">`)
	for _, later := range []string{"polar:sub_new", "polar:sub_odd"} {
		if first, then := strings.Index(rows, "polar:sub_free"), strings.Index(rows, later); first < 0 || then < first {
			t.Errorf("sub_free stands at %d, %s at %d", first, later, then)
		}
	}
	if n := strings.Count(rows, `polar:sub_free"`) + strings.Count(rows, `>polar:sub_free<`); n != 1 {
		t.Errorf("sub_free is listed %d times", n)
	}
	for _, want := range []string{"12.50 USD", "Quarantine", "Products without a tier", "1 purchase needs somebody"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(body, "<script>document") || strings.Contains(body, "\u202e") || strings.Contains(body, "@example.org") {
		t.Errorf("hostile text or an address: %s", body)
	}
	for query, want := range map[string]string{
		"state=granted": "polar:sub_new", "state=needs_attention": "polar:sub_free", "provider=stripe": "No purchase matches",
		"whose=" + member.AddressHash("new@example.org"): "polar:sub_new", "state=%3Cscript%3E": "there is no such state",
	} {
		if p := v.get("/dashboard/payments?" + query); !strings.Contains(p.body, want) || strings.Contains(p.body, "<script>") {
			t.Errorf("%s does not show %s: %s", query, want, p.body)
		}
	}
	if p := v.get("/dashboard"); !strings.Contains(p.body, "1 purchase on mainblog could not be given access") {
		t.Error("the overview does not say that a purchase needs somebody")
	}
}

func TestAPurchaseIsFoundByAnAddressThatStandsInNoURL(t *testing.T) {
	t.Parallel()
	r := newShop(t)
	r.sellAll()
	v := r.visitor().signIn()
	p := v.post("/dashboard/payments/find", url.Values{"form": {v.form()}, "whose": {" New@example.org "}})
	to := p.Header.Get("Location")
	if p.StatusCode != http.StatusSeeOther || strings.Contains(strings.ToLower(to), "example") {
		t.Fatalf("it answers %d %s", p.StatusCode, to)
	}
	if body := v.get(to).body; !strings.Contains(body, "polar:sub_new") || strings.Contains(body, "polar:sub_free") {
		t.Errorf("%s shows %s", to, body)
	}
}

func TestAPurchaseIsShownWithItsReasonItsRemedyAndItsHistory(t *testing.T) {
	t.Parallel()
	r := newShop(t)
	r.sellAll()
	v := r.visitor().signIn()
	known, _, err := r.Store.Entitlement(t.Context(), siteName, "polar:sub_free")
	if err != nil {
		t.Fatal(err)
	}
	body := v.get(onePurchase("sub_free")).body
	for _, want := range []string{known.Entitlement.Outcome.Reason, known.Entitlement.Outcome.Remedy, "subscription.active", "cus_sub_free"} {
		if want == "" || !strings.Contains(strings.ReplaceAll(body, "&#39;", "'"), want) {
			t.Errorf("the page has no %q: %s", want, body)
		}
	}
	if odd := v.get(onePurchase("sub_odd")).body; strings.Contains(odd, "<script>document") || strings.Contains(odd, "@example.org") {
		t.Errorf("hostile text or an address: %s", odd)
	}
	for _, path := range []string{onePurchase("nothing"), "/dashboard/payments/one?site=elsewhere&id=polar:sub_free", "/dashboard/payments/one"} {
		if p := v.get(path); p.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, p.StatusCode)
		}
	}
}

func TestALinkGivesAPurchaseToTheMember(t *testing.T) {
	t.Parallel()
	r := newShop(t)
	r.sellAll()
	v := r.visitor().signIn()
	form := url.Values{"form": {v.form()}, "ref": {siteName + " polar:sub_free"}, "member": {"nobody@example.org"}}
	p := v.post("/dashboard/payments/link", form)
	if p.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(p.body, "has no member with this address") || strings.Contains(p.body, "nobody@") {
		t.Errorf("a link to nobody answers %d %s", p.StatusCode, p.body)
	}
	form.Set("member", " new@example.org")
	if p = v.post("/dashboard/payments/link", form); p.StatusCode != http.StatusSeeOther {
		t.Fatalf("a link answers %d %s", p.StatusCode, p.body)
	}
	r.isSold("sub_free", payment.StateGranted)
	linked := r.did("payments.link")
	if len(linked) != 1 || linked[0].Who != "dashboard" || linked[0].MemberID == "" {
		t.Errorf("the activity has %+v", linked)
	}
	form.Set("ref", siteName+" polar:nothing")
	if p = v.post("/dashboard/payments/link", form); p.StatusCode != http.StatusNotFound {
		t.Errorf("a link of nothing answers %d", p.StatusCode)
	}
}

func TestARetryLooksAtAPurchaseAgain(t *testing.T) {
	t.Parallel()
	r := newShop(t)
	r.sellAll()
	b := openBrowser(t, r)
	b.signIn()
	b.goTo("/dashboard/payments")
	b.sees("1 purchase needs somebody")
	r.ghost.HoldWebhooks(true) // else ghostcm hears of it, and looks by itself
	r.givesByHand("free@example.org")
	b.do(click(".purchases tr.urgent a.button"), visible("#heard"), click("#acts ~ form button.main"))
	b.sees("looked at again now")
	b.sees("somebody gave by hand") // without reloading
	r.isSold("sub_free", payment.StateManual)
	if done := r.did("payments.retry"); len(done) != 1 || done[0].Who != "dashboard" {
		t.Errorf("the activity has %+v", done)
	}
	b.goTo("/dashboard/payments")
	b.seesNot("1 purchase needs somebody")
	if title := js[string](b, `document.title`); strings.Contains(title, "owned") {
		t.Error("a product's name runs as a script")
	}
	js[bool](b, `window.here = true`)
	r.buys("sub_late", "late@example.org", "prod_gold", payment.StateGranted)
	b.sees("polar:sub_late")
	if !js[bool](b, `window.here === true`) {
		t.Error("the page was loaded again")
	}
}

func TestThePaymentsPageIsForEverybodyAtEverySize(t *testing.T) {
	t.Parallel()
	r := newShop(t)
	b := openBrowser(t, r)
	b.signIn()
	b.paymentPages("none", "/dashboard/payments")
	r.sellAll()
	b.paymentPages("list", "/dashboard/payments")
	b.paymentPages("one", onePurchase("sub_free"))
	b.paymentPages("nothing", "/dashboard/payments?state=revoked")
	r.redis.Kill()
	b.paymentPages("away", "/dashboard/payments")
}

// paymentPages looks at a page in both themes and several widths.
func (b *browser) paymentPages(name, path string) {
	b.t.Helper()
	for _, dark := range []bool{false, true} {
		for _, width := range []int64{360, 1280} {
			theme := map[bool]string{false: "light", true: "dark"}[dark]
			b.window(width, 900, dark)
			b.goTo(path)
			b.shoot("payments-" + name + "-" + theme + "-" + map[int64]string{360: "360", 1280: "1280"}[width])
			if over := js[int](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				b.t.Errorf("%s is %d px wider than a window of %d", name, over, width)
			}
			if found := b.shutOut(axe(b.t)); found != "" {
				b.t.Errorf("%s, dark %v, %d px:\n%s", name, dark, width, found)
			}
		}
	}
}

func TestOptOutsAreOfferedWhereASiteMayBringThemBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.visitor().signIn()
	const box = `name="opt_outs"`
	if p := v.get("/dashboard/syncs"); strings.Contains(p.body, box) {
		t.Error("it is offered though the site may not")
	}
	form := url.Values{"form": {v.form()}, "site": {siteName}, "opt_outs": {"1"}}
	if p := v.post("/dashboard/syncs/plan", form); p.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(p.body, "SITE1_OPT_OUTS_TO_GHOST") {
		t.Errorf("a plan with it answers %d %s", p.StatusCode, p.body)
	}
	r.reload("SITE1_OPT_OUTS_TO_GHOST=true")
	if p := v.get("/dashboard/syncs"); !strings.Contains(p.body, box) {
		t.Error("it is not offered though the site may")
	}
	if p := v.post("/dashboard/syncs/plan", form); p.StatusCode != http.StatusSeeOther {
		t.Errorf("a plan with it answers %d then", p.StatusCode)
	}
}
