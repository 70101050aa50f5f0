package dashboard_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browser is a real Chromium that looks at a rig's dashboard.
type browser struct {
	*rig
	ctx context.Context
}

// openBrowser starts Chromium. Without it a test is skipped, which CI does not
// let pass.
func openBrowser(t testing.TB, r *rig) *browser {
	t.Helper()
	path := chromium()
	if path == "" {
		t.Skip("there is no Chromium; make deps installs it")
	}
	browsers() <- struct{}{}
	t.Cleanup(func() { <-browsers() })
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("lang", "en-GB"),
	)
	allocated, free := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(free)
	ctx, end := chromedp.NewContext(allocated)
	t.Cleanup(end)
	b := &browser{rig: r, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // starts it, without a bound that would end it later
		t.Fatal(err)
	}
	b.window(1280, 900, false)
	return b
}

// browsers bounds how many run at once: each takes as much as a small machine has.
var browsers = sync.OnceValue(func() chan struct{} { return make(chan struct{}, 2) })

func chromium() string {
	for _, name := range []string{os.Getenv("GHOSTCM_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	return ""
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	run(b, chromedp.Steps(steps...))
}

// run does something in the browser, and shows the page if that fails.
func run[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		again, stop := context.WithTimeout(b.ctx, 10*time.Second)
		defer stop()
		page, _ := chromedp.Run(again, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		b.t.Fatalf("%v\nthe page: %s", err, page)
	}
	return value
}

// window makes it so large, and light or dark.
func (b *browser) window(width, height int64, dark bool) {
	b.t.Helper()
	theme := "light"
	if dark {
		theme = "dark"
	}
	b.do(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
		})
		return err
	}))
}

func (b *browser) goTo(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.url+path), visible("main"))
}

func visible(css string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.CSS(css))
}
func click(css string) chromedp.Action[chromedp.Void] { return chromedp.Click(chromedp.CSS(css)) }
func typeInto(css, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(css), text)
}

func (b *browser) signIn() {
	b.t.Helper()
	b.goTo("/dashboard")
	b.do(visible("#password"), typeInto("#password", opens), click("button.main"), visible(".numbers"))
}

// js evaluates an expression.
func js[T any](b *browser, expression string) T {
	b.t.Helper()
	return run(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// sees waits until the page shows a text.
func (b *browser) sees(text string) {
	b.t.Helper()
	b.eventually("the page shows "+text, func() string {
		shown := js[string](b, `document.body ? document.body.innerText : ""`)
		if !strings.Contains(shown, text) {
			return "it shows " + shown
		}
		return ""
	})
}

func (b *browser) seesNot(text string) {
	b.t.Helper()
	b.eventually("the page shows no "+text, func() string {
		if shown := js[string](b, `document.body ? document.body.innerText : ""`); strings.Contains(shown, text) {
			return "it shows " + shown
		}
		return ""
	})
}
