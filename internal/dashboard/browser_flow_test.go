package dashboard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestAnEventArrivesWithoutReloading(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := openBrowser(t, r)
	b.signIn()
	b.goTo("/dashboard/activity")
	b.do(visible("#empty"))
	js[bool](b, `window.here = true`)
	m := r.join("tove@example.org", "Tove Lind")
	b.sees(m.ID)
	b.seesNot("Nothing has happened yet")
	if !js[bool](b, `window.here === true`) {
		t.Error("the page was loaded again")
	}
	if body := js[string](b, `document.documentElement.outerHTML`); strings.Contains(body, "tove@") {
		t.Error("the page holds an address")
	}
}

func TestThePageThatIsOpenForADayDoesNotGrow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := openBrowser(t, r)
	b.signIn()
	b.goTo("/dashboard/activity")
	b.do(visible("#live"))
	js[int](b, `document.querySelector("#entries").dataset.most = 5`)
	for i := range 12 {
		r.join(fmt.Sprintf("member%d@example.org", i), "Somebody")
	}
	r.settle()
	last := r.join("last@example.org", "The last")
	b.sees(last.ID)
	if n := js[int](b, `document.querySelectorAll("#entries tr").length`); n != 5 {
		t.Errorf("it has %d rows", n)
	}
}

func TestADeadLetterIsReplayedAndLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := openBrowser(t, r)
	r.fails("tove@example.org", "Tove Lind")
	b.signIn()
	b.sees("1 event has failed for good")
	b.do(click(".rows a.row"), visible(".attempts"))
	b.sees("Why it failed")
	b.sees("cm:500")
	b.do(click("button[value=replay]"))
	b.sees("1 dead letter replayed")
	b.sees("No dead letters.")
	r.eventually("she is on the list", func() string {
		if !r.onList("tove@example.org") {
			return "she is not"
		}
		return ""
	})
	b.goTo("/dashboard/activity")
	b.sees("by dashboard")
}

func TestAllOfAFilterAreReplayedAfterTheirCount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := openBrowser(t, r)
	for i := range 3 {
		r.fails(fmt.Sprintf("reader%d@example.org", i), "Somebody")
	}
	b.signIn()
	b.goTo("/dashboard/letters?reason=cm:500")
	b.do(click(`a[href*="verb=replay"]`))
	b.sees("3 dead letters match")
	b.do(click("button.main"))
	b.sees("Replaying dead letters")
	r.eventually("none is left", func() string {
		if n := r.dead(); n != 0 {
			return fmt.Sprint(n, " are")
		}
		return ""
	})
	b.sees("done")
	r.settle()
	for i := range 3 {
		if email := fmt.Sprintf("reader%d@example.org", i); !r.onList(email) {
			t.Errorf("%s is not on the list", email)
		}
	}
}

func TestASyncGoesFromItsPlanToItsUndoing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := openBrowser(t, r)
	b.signIn()
	r.makePlan(b)
	b.sees("What would be done")
	if r.onList("unheard0@example.org") {
		t.Error("a plan has written")
	}
	if title := js[string](b, `document.title`); strings.Contains(title, "owned") || strings.Contains(js[string](b, `document.documentElement.innerHTML`), "unheard0@") {
		t.Errorf("the plan runs scripts or shows addresses; title %q", title)
	}
	b.do(click("#start ~ form button.main"))
	b.sees("What was done")
	if !r.onList("unheard0@example.org") {
		t.Error("the sync has not written")
	}
	b.do(chromedp.Evaluate[chromedp.Void](`window.confirm = () => true`), visible("#undo"), click("#undo ~ form button"))
	b.sees("Undoing a sync")
	b.sees("What was done")
	r.eventually("it is undone", func() string {
		if s, ok := r.list.Subscriber(r.id, "unheard0@example.org"); ok && s.State == "Active" {
			return "she is on the list"
		}
		return ""
	})
	b.goTo("/dashboard/syncs")
	b.sees("Undo of a sync")
}

func TestRedisGoesAndComesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := openBrowser(t, r)
	b.signIn()
	b.do(visible("#live"))
	r.redis.Kill()
	b.sees("Redis does not answer")
	if n := js[int](b, `document.querySelectorAll(".numbers").length`); n != 1 {
		t.Error("what was shown is gone")
	}
	b.goTo("/dashboard/letters")
	b.do(visible(".problem"))
	b.sees("Start Redis, or mend REDIS_URL")
	r.redis.Restart()
	b.do(visible(".filter")) // by itself
	b.seesNot("Redis does not answer")
}

func TestAnAddressIsShownForThePasswordOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := openBrowser(t, r)
	r.fails("tove@example.org", "Tove Lind")
	b.signIn()
	b.do(click(".rows a.row"), visible("details summary"), click("details summary"), visible("#password"))
	b.seesNot("tove@")
	b.do(typeInto("#password", "not the password"), click("details form button"))
	b.sees("That is not the password")
	b.seesNot("tove@")
	b.do(typeInto("#password", opens), click("details form button"))
	b.sees("tove@example.org")
	b.goTo("/dashboard/activity?event=reveal")
	b.sees("address shown")
	b.seesNot("tove@")
	if strings.Contains(r.log.String(), "tove@") {
		t.Error("the log holds the address")
	}
}

// Everything can be done with the keyboard alone.
func TestTheKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := openBrowser(t, r)
	r.fails("tove@example.org", "Tove Lind")
	b.goTo("/dashboard")
	b.do(visible("#password"))
	b.typeKeys(opens + kb.Enter)
	b.do(visible(".numbers"))
	b.tabTo("Skip to the content")
	b.tabTo("Dead letters")
	b.typeKeys(kb.Enter)
	b.do(visible(".letters"))
	b.tabTo("Select member.added of mainblog")
	b.typeKeys(" ")
	b.sees("1 selected")
	b.tabTo("Replay selected")
	b.typeKeys(kb.Enter)
	b.sees("1 dead letter replayed")
}

func (b *browser) typeKeys(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// tabTo presses Tab, or Shift and Tab, until what has the focus is called so, and
// looks whether one can see that.
func (b *browser) tabTo(name string) {
	b.t.Helper()
	var passed []string
	for range 120 {
		b.typeKeys(kb.Tab)
		at := js[string](b, `(() => { const a = document.activeElement; return (a.getAttribute("aria-label") || a.innerText || a.id || a.tagName).trim() })()`)
		if strings.HasPrefix(at, name) {
			if outline := js[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline == "none" {
				b.t.Errorf("%s does not show that it has the focus", name)
			}
			return
		}
		passed = append(passed, at)
	}
	b.t.Fatalf("Tab does not come to %q, only to %q", name, passed)
}

// axe is the checker of accessibility, which make deps fetches.
func axe(t testing.TB) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", ".tools", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Skip("there is no axe-core; make deps fetches it")
	}
	return string(source)
}

// shutOut is what axe finds wrong with the page.
func (b *browser) shutOut(source string) string {
	b.t.Helper()
	return js[string](b, source+`;
		axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r =>
			r.violations.map(v => v.id + ": " + v.help + "\n" + v.nodes.slice(0, 4).map(n => "   " + n.html + "\n   " + n.failureSummary).join("\n")).join("\n"))`)
}

func TestNobodyIsShutOut(t *testing.T) {
	t.Parallel()
	source := axe(t)
	r := newRig(t)
	b := openBrowser(t, r)
	check := func(name string) {
		if found := b.shutOut(source); found != "" {
			t.Errorf("%s:\n%s", name, found)
		}
	}
	r.populate()
	for _, dark := range []bool{false, true} {
		b.window(1280, 900, dark)
		b.goTo("/dashboard/signin")
		check("signin")
		if !dark {
			b.signIn()
			r.makePlan(b)
		}
		for _, width := range []int64{1280, 360} {
			b.window(width, 900, dark)
			b.everyPage(func(name string) { check(fmt.Sprintf("%s, dark %v, %d px", name, dark, width)) })
		}
	}
}
