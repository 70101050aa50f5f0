package dashboard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

// hostileNames are what people call themselves, or are called by others.
func hostileNames() []string {
	return []string{
		`<script>document.title="owned"</script>`, `"><img src=x onerror=alert(1)>`, strings.Repeat("W", 191),
		"\u202eevil\u202c name", "محمد عبد الله بن عبد العزيز", "👩‍👩‍👧‍👦 Zoë Ünal 🦊", "{{.Form}} ${7*7}", "O'Brien \"the\" & Söhne",
		"jo@example.org",
	}
}

// populate is a site with a past: events, failures, a sync, and what is left to
// do.
func (r *rig) populate() {
	r.t.Helper()
	for i, name := range hostileNames() {
		r.join(fmt.Sprintf("reader%d@example.org", i), name, `la"bel`, "<b>bold</b>", "long "+strings.Repeat("ß", 60))
	}
	for i := range 40 {
		r.join(fmt.Sprintf("member%02d@example.org", i), fmt.Sprintf("Member %d", i))
	}
	r.settle()
	for i, m := range r.ghost.Members() {
		if i%4 == 0 {
			_ = r.ghost.EditMember(m.ID, func(m *ghosttest.Member) { m.Status = "comped" })
		}
	}
	r.settle()
	r.fails("tove@example.org", "Tove Lind")
	r.fails("amir@example.org", `<script>document.title="owned"</script>`)
	r.fails("wu@example.org", strings.Repeat("W", 191))
}

func screensDir(t testing.TB) string {
	dir := os.Getenv("GHOSTCM_SCREENS")
	if dir == "" {
		dir = filepath.Join("..", "..", "bin", "screens")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (b *browser) shoot(name string) {
	b.t.Helper()
	png := run(b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(screensDir(b.t), name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// everyPage goes to each page, and says when it is whole.
func (b *browser) everyPage(do func(name string)) {
	b.t.Helper()
	letter := js[string](b, `fetch("/dashboard/letters").then(r => r.text()).then(t =>
		new DOMParser().parseFromString(t, "text/html").querySelector("td a.button").getAttribute("href"))`)
	plan := js[string](b, `fetch("/dashboard/syncs").then(r => r.text()).then(t =>
		(new DOMParser().parseFromString(t, "text/html").querySelector("td a.button") || {getAttribute(){ return "" }}).getAttribute("href"))`)
	for _, page := range []struct{ name, path, whole string }{
		{"overview", "/dashboard", ".numbers"}, {"activity", "/dashboard/activity", "#entries tr"},
		{"activity-none", "/dashboard/activity?outcome=paused", "#empty"},
		{"letters", "/dashboard/letters", ".letters"}, {"letters-none", "/dashboard/letters?reason=nothing-like-this", ".empty"},
		{"letter", letter, ".attempts"}, {"all", "/dashboard/letters/all?verb=replay", "p.count"},
		{"syncs", "/dashboard/syncs", "[data-live=history]"}, {"sync", plan, "[data-live=task]"},
		{"health", "/dashboard/health", ".findings"}, {"nothing", "/dashboard/no-such-page", ".problem"},
	} {
		if page.path == "" {
			continue
		}
		b.goTo(page.path)
		b.do(visible(page.whole))
		do(page.name)
	}
}

func TestScreens(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := openBrowser(t, r)
	r.populate()
	b.goTo("/dashboard/signin")
	b.shoot("signin-light-1280")
	b.signIn()
	b.picture()
	r.makePlan(b)
	for _, width := range []int64{360, 800, 1600} {
		for _, dark := range []bool{false, true} {
			b.window(width, 900, dark)
			theme := map[bool]string{false: "light", true: "dark"}[dark]
			b.everyPage(func(name string) {
				b.shoot(fmt.Sprintf("%s-%s-%d", name, theme, width))
				if over := js[int](b, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
					t.Errorf("%s is %d px wider than a window of %d", name, over, width)
				}
			})
		}
	}
}

// picture makes the one in README, when it is asked to.
func (b *browser) picture() {
	path := os.Getenv("GHOSTCM_PICTURE")
	if path == "" {
		return
	}
	b.do(visible("#live"))
	if err := os.WriteFile(path, run(b, chromedp.CaptureScreenshot()), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// makePlan has something to change, and plans it.
func (r *rig) makePlan(b *browser) {
	r.t.Helper()
	r.ghost.HoldWebhooks(true)
	for i, name := range hostileNames() {
		r.join(fmt.Sprintf("unheard%d@example.org", i), name, "<i>")
	}
	r.ghost.TakeWebhooks()
	r.ghost.HoldWebhooks(false)
	b.goTo("/dashboard/syncs")
	b.do(click("form.plan button.main"), visible("#start"))
}
