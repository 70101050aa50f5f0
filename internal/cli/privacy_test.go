package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
	"github.com/ghostcm/ghostcm/internal/jobs"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/program"
	"github.com/ghostcm/ghostcm/internal/redisserver/redistest"
)

// What names a person or opens a door, in this test and nowhere else.
const (
	markedEmail  = "xaverine.marked+x@private-domain.test"
	markedDying  = "xaverine.dying@nodomain" // Ghost takes it, and Campaign Monitor does not
	markedName   = "Xaverine Markedname"
	markedLabel  = "label-that-nobody-may-see"
	markedSecret = "hunter2-of-the-marked-site"
	markedPolar  = "polar_whs_of-the-marked-site"
)

// markedSpellings are of marks, as outputs may spell them; case does not count.
func markedSpellings(more ...string) (all []string) {
	for _, mark := range more {
		all = append(all, strings.ToLower(mark), strings.ToLower(url.QueryEscape(mark)), strings.ToLower(base64.StdEncoding.EncodeToString([]byte(mark))))
	}
	return all
}

// told is what a command printed.
type told struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *told) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *told) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// marked is a site to which everything has happened that can, to one person.
type marked struct {
	t        *testing.T
	environ  []string
	dir      string
	state    string // STATE_DIR
	memberID string
	run      string // a full sync whose journal is kept
	letter   string // a dead one
	secrets  []string
}

func newMarked(t *testing.T) *marked {
	t.Helper()
	ghost, list := ghosttest.Run(t, ghosttest.Options{Stripe: true}), cmtest.Run(t, cmtest.Options{})
	ghost.AddTier("Gold", "gold")
	listID := list.CreateList(cmtest.ListOptions{UnsubscribeSetting: "OnlyThisList"})
	for _, field := range []string{"ghost_status", "ghost_labels", "ghost_signup_date", "ghost_last_updated", "ghost_status_changed_at",
		"ghost_previous_status", "ghost_email_enabled"} {
		list.AddField(listID, field, "Text")
	}
	state := t.TempDir()
	w := &marked{t: t, dir: t.TempDir(), state: state, secrets: []string{ghost.AdminKey(), cmtest.DefaultKey}, environ: []string{
		"CM_API_KEY=" + cmtest.DefaultKey, "CM_API_URL=" + list.URL(), "REDIS_URL=" + redistest.Start(t), "ALLOW_INSECURE_URLS=true",
		"STATE_DIR=" + state, "HOME=" + t.TempDir(), "RETRY_SCHEDULE=1s", "RECONCILE_INTERVAL=0", "LOG_LEVEL=debug",
		"SITE1_NAME=blog", "SITE1_GHOST_WEBHOOK_SECRET=" + markedSecret, "SITE1_CM_LIST_ID=" + listID, "SITE1_GHOST_URL=" + ghost.URL(),
		"SITE1_GHOST_ADMIN_API_KEY=" + ghost.AdminKey(), "SITE1_POLAR_SECRET=" + markedPolar, "SITE1_TIERS=prod_gold=gold",
	}}
	cfg, err := config.Load(config.Options{Dir: w.dir, Environ: w.environ})
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Open(program.Options{Config: cfg, Log: slog.New(slog.DiscardHandler), Drain: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	url, stop := serveBoth(t, p)
	t.Cleanup(stop)
	w.environ = append(w.environ, "PORT="+url[strings.LastIndex(url, ":")+1:])
	w.happens(ghost, p, url)
	return w
}

// happens makes a member, a dead letter, a purchase, and a run with a journal.
func (w *marked) happens(ghost *ghosttest.Server, p *program.Program, url string) {
	w.t.Helper()
	ghost.Webhooks(func(event string) string { return url + "/webhook/ghost/blog?event=" + event }, markedSecret)
	m, err := ghost.AddMember(ghosttest.Member{Email: markedEmail, Name: markedName, Labels: []string{markedLabel}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.memberID = m.ID
	if _, err := ghost.AddMember(ghosttest.Member{Email: markedDying, Name: markedName}); err != nil {
		w.t.Fatal(err)
	}
	comeToRest(w.t, ghost, p)
	w.buys(url)
	comeToRest(w.t, ghost, p)
	ghost.Webhooks(func(string) string { return "" }, markedSecret)
	if err := ghost.EditMember(m.ID, func(m *ghosttest.Member) { m.Name = markedName + " Again" }); err != nil {
		w.t.Fatal(err)
	}
	if code, out := w.types(nil, "sync", "--yes"); code != 0 && code != 3 { // 3: the dying one
		w.t.Fatalf("the sync exits %d: %s", code, out)
	}
	journals, err := filepath.Glob(filepath.Join(w.state, "runs", "*.ndjson"))
	if err != nil || len(journals) == 0 {
		w.t.Fatalf("no run has a journal: %v", err)
	}
	for letter, err := range p.Queue.Dead(w.t.Context(), jobs.DeadFilter{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		w.letter = letter.ID
	}
	w.run = strings.TrimSuffix(filepath.Base(journals[0]), ".ndjson")
}

// buys posts a purchase as Polar does.
func (w *marked) buys(url string) {
	w.t.Helper()
	now := time.Now().UTC()
	body, err := json.Marshal(map[string]any{"type": "subscription.active", "timestamp": now, "data": map[string]any{
		"id": "sub-marked", "status": "active", "product_id": "prod_gold", "modified_at": now, "customer_id": "cus-marked",
		"current_period_start": now, "current_period_end": now.AddDate(0, 1, 0), "amount": 1000, "currency": "usd",
		"customer": map[string]any{"id": "cus-marked", "email": markedEmail, "name": markedName}, "metadata": map[string]any{},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	signed, err := payment.Sign(payment.Polar, markedPolar, body, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, url+"/webhook/payment/blog/polar", bytes.NewReader(signed.Body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range signed.Header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("the purchase was answered %d", resp.StatusCode)
	}
}

// types runs a command line in a pipe, until it ends or has printed one of enough.
func (w *marked) types(enough []string, args ...string) (code int, out string) {
	w.t.Helper()
	ctx, end := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer end()
	said := &told{}
	ended := make(chan int, 1)
	go func() {
		ended <- Main(ctx, Options{Args: args, Stdin: strings.NewReader(""), Stdout: said, Stderr: said, Environ: w.environ, Dir: w.dir, Now: time.Now})
	}()
	for {
		select {
		case code := <-ended:
			return code, said.String()
		case <-time.After(10 * time.Millisecond):
			for _, line := range enough {
				if strings.Contains(said.String(), line) {
					end()
				}
			}
		}
	}
}

// lines are what is typed of each command, with the exit codes that are right in this
// world. A new command has to be added.
func (w *marked) lines() map[string][][]string {
	email := markedEmail
	return map[string][][]string{
		"completion bash": {{}}, "completion fish": {{}}, "completion powershell": {{}}, "completion zsh": {{}},
		"completion": {{}}, "dlq": {{}}, "payments": {{}},
		"demo":              {}, // its people are its own, made up
		"dlq list":          {{}, {"--json"}, {"--email", markedDying}, {"--reveal"}},
		"dlq show":          {{w.letter}, {w.letter, "--json"}, {w.letter, "--reveal"}},
		"dlq replay":        {{"--all", "--dry-run"}, {"--email", markedDying, "--wait"}, {"--all", "--json"}},
		"dlq drop":          {{"--all", "--dry-run"}, {"--all", "--dry-run", "--json"}},
		"doctor":            {{}, {"--json"}},
		"events":            {{}, {"--json"}},
		"forget":            {{"blog", email, "--dry-run"}, {"blog", email, "--dry-run", "--json"}, {"blog", "nobody-" + email}},
		"payments list":     {{}, {"--json"}, {"--email", email}},
		"payments show":     {{"polar:sub-marked"}, {"polar:sub-marked", "--json"}, {"--email", email}},
		"payments retry":    {{"--all", "--dry-run"}, {"--email", email}},
		"payments link":     {{"polar:sub-marked", email}, {"polar:sub-marked", w.memberID, "--json"}},
		"payments backfill": {{"blog", "--provider", "polar", "--since", "7d"}},
		"payments test":     {{"blog", "--provider", "polar", "--email", email}, {"blog", "--provider", "polar", "--email", email, "--json"}},
		"serve":             {{"--port", "0"}, {"--worker", "--port", "0"}}, "worker": {{}},
		"sites": {{}, {"--json"}}, "status": {{}, {"--json"}, {"--workers"}},
		"sync":        {{"--dry-run", "--verbose"}, {"--dry-run", "--json"}, {"--dry-run", "--verbose", "--json"}, {"--opt-outs", "--dry-run"}, {"--yes"}},
		"sync revert": {{w.run, "--dry-run", "--verbose"}, {w.run, "--dry-run", "--json"}},
		"sync runs":   {{}, {"--json"}},
		"trace":       {{"blog", email}, {"blog", email, "--json"}, {"blog", markedDying}, {"blog", w.memberID}},
		"version":     {{}, {"--json"}},
	}
}

// names says whether a command tells names and labels to whoever asks it about
// people: the contract has names, not addresses, in a plan's changes.
func names(args []string) bool {
	return args[0] == "trace" || args[0] == "sync" && slices.Contains(args, "--verbose")
}

// Whoever passes an output on, or has a log of it, gives nobody away: not by a table,
// not by --json, not by an error that repeats what was typed.
//
//nolint:paralleltest // some commands put another file in os.Stdout's place, which all tests share
func TestNoCommandPrintsAPersonOrASecret(t *testing.T) {
	w := newMarked(t)
	never := markedSpellings(append(w.secrets, markedEmail, markedDying, "xaverine.marked", "xaverine.dying", markedSecret, markedPolar)...)
	people, lines := markedSpellings(markedName, markedLabel), w.lines()
	for _, c := range leaves(Tree()) {
		name := strings.TrimPrefix(c.CommandPath(), "ghostcm ")
		typed, driven := lines[name]
		if !driven {
			t.Errorf("%s is not driven by this test", name)
		}
		succeeds := len(typed) == 0 || slices.Contains([]string{"doctor", "payments backfill"}, name) // they find what is wrong here
		for _, args := range typed {
			all, marks := append(strings.Fields(name), args...), never
			if !names(all) {
				marks = slices.Concat(never, people)
			}
			code, out := w.types([]string{"server.listening", "worker.started"}, all...)
			succeeds = succeeds || code == 0
			if out == "" {
				t.Errorf("%v prints nothing", all)
			}
			printsNone(t, all, out, marks)
		}
		if !succeeds {
			t.Errorf("%s never succeeds: this shows little", name)
		}
	}
}

func printsNone(t *testing.T, typed []string, out string, marks []string) {
	t.Helper()
	for line := range strings.Lines(out) {
		for _, mark := range marks {
			if strings.Contains(strings.ToLower(line), mark) {
				t.Errorf("%v prints %q in: %s", typed, mark, line)
			}
		}
	}
}

// leaves are the commands that do something.
func leaves(c *cobra.Command) (all []*cobra.Command) {
	if c.Runnable() && !c.Hidden && c.HasParent() && c.Name() != "help" {
		all = append(all, c)
	}
	for _, child := range c.Commands() {
		all = append(all, leaves(child)...)
	}
	return all
}
