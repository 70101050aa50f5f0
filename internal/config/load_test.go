package config_test

import (
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/egress"
	"github.com/ghostcm/ghostcm/internal/member"
	"github.com/ghostcm/ghostcm/internal/payment"
)

const adminKey = "0123456789abcdef01234567:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// minimal is an environment that loads.
func minimal() map[string]string {
	return map[string]string{
		"HOME":                       "/home/ghost",
		"CM_API_KEY":                 "cm-key-hunter2",
		"SITE1_NAME":                 "blog",
		"SITE1_GHOST_WEBHOOK_SECRET": "hunter2-of-the-webhooks",
		"SITE1_CM_LIST_ID":           "0123456789abcdef0123456789abcdef",
		"SITE1_GHOST_URL":            "https://blog.example",
		"SITE1_GHOST_ADMIN_API_KEY":  adminKey,
	}
}

// with is the minimal environment with changes, as os.Environ has it.
func with(changes map[string]string) []string {
	env := minimal()
	maps.Copy(env, changes)
	var environ []string
	for _, k := range slices.Sorted(maps.Keys(env)) {
		environ = append(environ, k+"="+env[k])
	}
	return environ
}

// write makes a directory with these files, readable by their owner alone.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, o config.Options) *config.Config {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	cfg, err := config.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// secrets lets cmp compare what is hidden.
func secrets() cmp.Option {
	return cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() })
}

func prefixes() cmp.Option {
	return cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
}

func defaultFields() map[member.Fact]string {
	return map[member.Fact]string{
		"status": "ghost_status", "signup_date": "ghost_signup_date", "last_updated": "ghost_last_updated",
		"status_changed_at": "ghost_status_changed_at", "previous_status": "ghost_previous_status", "labels": "ghost_labels",
		"email_enabled": "ghost_email_enabled", "tiers": "ghost_tiers", "newsletters": "ghost_newsletters",
	}
}

func TestTheMinimumGetsTheContractsDefaults(t *testing.T) {
	t.Parallel()
	s, m, h := time.Second, time.Minute, time.Hour
	want := &config.Config{
		CampaignMonitor: config.CampaignMonitor{URL: "https://api.createsend.com/api/v3.3", RateLimit: 10, RateBurst: 20},
		Redis:           config.Redis{URL: config.NewSecret("redis://localhost:6379")},
		Log:             config.Log{Level: slog.LevelInfo, Format: "auto"},
		Server: config.Server{
			Host: "127.0.0.1", Port: 3000, WebhookRateLimit: 100, SignatureTolerance: 5 * m,
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		},
		Worker: config.Worker{
			Concurrency: 10, ReconcileInterval: 15 * m,
			Retries:        []time.Duration{5 * s, 15 * s, m, 5 * m, 15 * m, h, 3 * h, 6 * h, 12 * h},
			PaymentRetries: []time.Duration{30 * s, 2 * m, 10 * m, h},
		},
		Retention: config.Retention{DeadLetters: 90 * 24 * h, Activity: 7 * 24 * h, Journals: 90 * 24 * h},
		Payment:   config.Payment{Grace: 7 * 24 * h},
		Alerts:    config.Alerts{SilenceAfter: 24 * h},
		StateDir:  "/home/ghost/.local/state/ghostcm",
		Sites: []config.Site{{
			N: 1, Name: "blog", GhostURL: "https://blog.example",
			WebhookSecrets:   []config.Secret{config.NewSecret("hunter2-of-the-webhooks")},
			GhostAdminAPIKey: config.NewSecret(adminKey),
			CMAPIKey:         config.NewSecret("cm-key-hunter2"),
			CMListID:         "0123456789abcdef0123456789abcdef",
			Policy: member.Policy{
				OnDelete: member.DeleteUnsubscribes, OnOptOut: member.OptOutField,
				OnSuppressed: member.OptOutUnsubscribes, Resubscribe: member.ResubscribeNever,
			},
			ConsentToTrack: "Unchanged", Fields: defaultFields(), Payments: config.Payments{Mail: "signin"},
		}},
	}
	got := load(t, config.Options{Environ: with(nil)})
	if diff := cmp.Diff(want, got, secrets(), prefixes()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEveryPlaceBeatsTheOnesBelowIt(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{
		".env":                     "DASHBOARD_PASSWORD=from-the-dotenv\nPORT=2\n",
		"ghostcm.yml":              "dashboard_password: from-config-file\nport: 1\n",
		"pw":                       "from-name-file\n",
		"creds/DASHBOARD_PASSWORD": "from-credentials\r\n",
	})
	o := config.Options{Dir: dir, Environ: with(nil)}
	// Each step adds a higher place; what was below must lose.
	steps := []struct {
		add            func()
		password, port string
	}{
		{func() { o.Dir = t.TempDir(); o.ConfigFile = filepath.Join(dir, "ghostcm.yml") }, "from-config-file", "127.0.0.1:1"},
		{func() { o.Dir = dir }, "from-the-dotenv", "127.0.0.1:2"},
		{func() { o.Environ = with(map[string]string{"CREDENTIALS_DIRECTORY": filepath.Join(dir, "creds")}) }, "from-credentials", "127.0.0.1:2"},
		{func() { o.Environ = append(o.Environ, "DASHBOARD_PASSWORD_FILE=pw", "PORT=3") }, "from-name-file", "127.0.0.1:3"},
		{func() { o.Flags = map[string]string{"PORT": "4", "DASHBOARD_PASSWORD": "from-the-command-line"} }, "from-the-command-line", "127.0.0.1:4"},
	}
	for i, step := range steps {
		step.add()
		cfg := load(t, o)
		if got := cfg.Server.DashboardPassword.Reveal(); got != step.password {
			t.Errorf("step %d: password %q, want %q", i, got, step.password)
		}
		if got := cfg.Server.Addr(); got != step.port {
			t.Errorf("step %d: address %q, want %q", i, got, step.port)
		}
	}
}

func TestAnEmptyValueTakesBackWhatDotenvSays(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{".env": "DASHBOARD_PASSWORD=from-the-dotenv\n"})
	cfg := load(t, config.Options{Dir: dir, Environ: with(map[string]string{"DASHBOARD_PASSWORD": ""})})
	if cfg.Server.DashboardPassword.IsSet() {
		t.Error("the dashboard is on, though the environment empties its password")
	}
}

func TestTheMaximumIsReadFromYAMLAndTOMLAlike(t *testing.T) {
	t.Parallel()
	var got [2]*config.Config
	for i, file := range []string{"testdata/full.yaml", "testdata/full.toml"} {
		path, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		got[i] = load(t, config.Options{ConfigFile: path, Environ: []string{"HOME=/home/ghost", "SITE2_GHOST_WEBHOOK_SECRET=from-environment"}})
	}
	if diff := cmp.Diff(got[0], got[1], secrets(), prefixes()); diff != "" {
		t.Errorf("(-yaml +toml)\n%s", diff)
	}
	if diff := cmp.Diff(fullSites(), got[0].Sites, secrets()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// fullSites is what testdata/full.yaml says.
func fullSites() []config.Site {
	fields := defaultFields()
	fields["status"], fields["labels"] = "Member status", "tags"
	delete(fields, "newsletters")
	product := func(p config.Product) config.Product {
		p.OnPartialRefund, p.OnDispute, p.OnPause = "keep", "suspend", "revoke"
		return p
	}
	first := config.Site{
		N: 1, Name: "Blog_1", GhostURL: "https://blog.example/news", GhostAdminAPIKey: config.NewSecret(adminKey),
		WebhookSecrets:       []config.Secret{config.NewSecret("new-hunter2"), config.NewSecret("old-hunter2")},
		GhostLegacySignature: true, GhostAllowPrivate: true,
		CMAPIKey: config.NewSecret("own-hunter2"), CMListID: "abcdefabcdefabcdefabcdefabcdef01", CMWebhookToken: config.NewSecret("hunter2hunter2hunter2"),
		Policy: member.Policy{
			OnDelete: member.DeleteDeletes, OnOptOut: member.OptOutUnsubscribes,
			OnSuppressed: member.OptOutField, Resubscribe: member.ResubscribeGhostOptIns,
		},
		ConsentToTrack: "Yes", OptOutsToGhost: true, Fields: fields, ChosenFields: []member.Fact{member.FactStatus, member.FactLabels},
		Payments: config.Payments{
			Mail: "none",
			Providers: []config.Provider{
				{Name: "paypal", Proofs: []config.Secret{config.NewSecret("WH-1")}},
				{Name: "stripe", Proofs: []config.Secret{config.NewSecret("whsec_hunter2")}, APIKey: config.NewSecret("rk_hunter2")},
			},
			Products: []config.Product{
				product(config.Product{Provider: "stripe", ID: "prod_ABC", Tier: "gold", Grace: 72 * time.Hour, OnCancel: "now", OnRefund: "keep"}),
				product(config.Product{ID: "Button, one", Tier: "silver", Length: 720 * time.Hour, Price: payment.Amount{Minor: 999, Currency: "EUR"}, OnCancel: "period-end", OnRefund: "revoke"}),
			},
		},
	}
	second := config.Site{
		N: 2, Name: "shop", WebhookSecrets: []config.Secret{config.NewSecret("from-environment")},
		CMAPIKey: config.NewSecret("shared-hunter2"), CMListID: "abcdefabcdefabcdefabcdefabcdef02", ConsentToTrack: "Unchanged",
		Policy: member.Policy{
			OnDelete: member.DeleteKeeps, OnOptOut: member.OptOutField,
			OnSuppressed: member.OptOutUnsubscribes, Resubscribe: member.ResubscribeNever,
		},
		Fields: defaultFields(), ChosenFields: []member.Fact{member.FactLabels}, Payments: config.Payments{Mail: "signin"},
	}
	second.Fields["labels"] = "tags"
	return []config.Site{first, second}
}

func TestSitesMayHaveGapsAndKeysOfTheirOwn(t *testing.T) {
	t.Parallel()
	cfg := load(t, config.Options{Environ: with(map[string]string{
		"CM_API_KEY": "", "SITE1_CM_API_KEY": "one",
		"SITE17_NAME": "shop", "SITE17_GHOST_WEBHOOK_SECRET": "hunter2-of-the-webhooks", "SITE17_CM_LIST_ID": "abcdefabcdefabcdefabcdefabcdef02", "SITE17_CM_API_KEY": "seventeen",
		"SITE5_NAME": "",
	})})
	var got []string
	for _, s := range cfg.Sites {
		got = append(got, s.Name+" "+s.CMAPIKey.Reveal())
	}
	if diff := cmp.Diff([]string{"blog one", "shop seventeen"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTiersKeepTheirRank(t *testing.T) {
	t.Parallel()
	cfg := load(t, config.Options{Environ: with(map[string]string{
		"SITE1_TIERS": "prod_123=gold, price_9=silver:30d,a=b=gold", "SITE1_STRIPE_SECRET": "whsec_x",
	})})
	p := cfg.Sites[0].Payments
	if diff := cmp.Diff([]string{"gold", "silver"}, p.Tiers()); diff != "" {
		t.Error(diff)
	}
	var products []string
	for _, product := range p.Products {
		products = append(products, product.ID+" "+product.Length.String())
	}
	if diff := cmp.Diff([]string{"prod_123 0s", "price_9 720h0m0s", "a=b 0s"}, products); diff != "" {
		t.Error(diff)
	}
}

func TestTheStateDirectoryFollowsSystemdThenXDG(t *testing.T) {
	t.Parallel()
	env := map[string]string{}
	for _, step := range []struct{ key, val, want string }{
		{"HOME", "/home/ghost", "/home/ghost/.local/state/ghostcm"},
		{"XDG_STATE_HOME", "relative", "/home/ghost/.local/state/ghostcm"},
		{"XDG_STATE_HOME", "/xdg", "/xdg/ghostcm"},
		{"STATE_DIRECTORY", "/var/lib/ghostcm:/var/lib/other", "/var/lib/ghostcm"},
		{"STATE_DIR", "/srv/state/", "/srv/state"},
	} {
		env[step.key] = step.val
		if got := load(t, config.Options{Environ: with(env)}).StateDir; got != step.want {
			t.Errorf("with %s=%s: got %s, want %s", step.key, step.val, got, step.want)
		}
	}
}

func TestAllowancesReachOnlyWhatTheyName(t *testing.T) {
	t.Parallel()
	cfg := load(t, config.Options{Environ: with(map[string]string{"SITE1_GHOST_ALLOW_PRIVATE": "true", "SITE1_GHOST_URL": "https://10.0.0.1"})})
	if got, want := cfg.GhostPolicy(cfg.Sites[0]), (egress.Policy{AllowPrivate: true}); got != want {
		t.Errorf("the site's Ghost: got %+v, want %+v", got, want)
	}
	if got, want := cfg.OutboundPolicy(), (egress.Policy{}); got != want {
		t.Errorf("everything else: got %+v, want %+v", got, want)
	}
}

func TestRedisURLsOfEveryFormAreTaken(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"redis://localhost", "redis://localhost:6379/3", "rediss://user:p%40ss@cache.example:6380/0", "redis://:pw@[::1]:6379",
		"unix:///run/redis/redis.sock", "unix://user:pw@/run/redis.sock?db=2",
		"redis-sentinel://host1,host2/master/1", "redis-sentinel://:pw@host1:26379,[::1]:26379/mymaster",
	} {
		if got := load(t, config.Options{Environ: with(map[string]string{"REDIS_URL": url})}).Redis.URL.Reveal(); got != url {
			t.Errorf("got %q, want %q", got, url)
		}
	}
}

func TestWarningsSayWhatIsNotRepaired(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"key": "cm-key-hunter2\n"})
	if err := os.Chmod(filepath.Join(dir, "key"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := load(t, config.Options{Dir: dir, Environ: with(map[string]string{
		"SITE1_GHOST_URL": "", "SITE1_GHOST_ADMIN_API_KEY": "", "ALLOW_INSECURE_URLS": "true",
		"CM_API_KEY": "", "CM_API_KEY_FILE": "key", "REDIS_URI": "redis://x", "HOST": "0.0.0.0",
		"SITE2_NAME": "shop", "SITE2_GHOST_WEBHOOK_SECRET": "hunter2-of-the-shop", "SITE2_CM_LIST_ID": "0123456789ABCDEF0123456789abcdef",
	})})
	var keys []string
	for _, w := range cfg.Warnings {
		keys = append(keys, w.Key)
		if strings.Contains(w.String(), "hunter2") {
			t.Errorf("a warning holds a secret: %s", w)
		}
	}
	want := []string{
		"REDIS_URI", "CM_API_KEY_FILE", "ALLOW_INSECURE_URLS", "METRICS_TOKEN",
		"SITE1_GHOST_ADMIN_API_KEY", "SITE2_GHOST_ADMIN_API_KEY", "SITE2_CM_LIST_ID",
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("(-want +got)\n%s\n%v", diff, cfg.Warnings)
	}
}

func TestWarningsTellOfWeakAndSharedWebhookSecrets(t *testing.T) {
	t.Parallel()
	const list = "0123456789abcdef0123456789abcdee"
	for name, c := range map[string]struct {
		first, second string
		want          []string
	}{
		"strong":             {"0123456789abcdef", "fedcba9876543210", nil},
		"short":              {"0123456789abcde", "fedcba9876543210", []string{"SITE1_GHOST_WEBHOOK_SECRET"}},
		"short, the old one": {"0123456789abcdef", "fedcba9876543210,01234567", []string{"SITE2_GHOST_WEBHOOK_SECRET"}},
		"shared": {
			"0123456789abcdef", "fedcba9876543210,0123456789abcdef", []string{"SITE2_GHOST_WEBHOOK_SECRET"},
		},
		"twice in one site": {"0123456789abcdef,0123456789abcdef", "fedcba9876543210", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := load(t, config.Options{Dir: t.TempDir(), Environ: with(map[string]string{
				"SITE1_GHOST_WEBHOOK_SECRET": c.first, "SITE2_GHOST_WEBHOOK_SECRET": c.second,
				"SITE2_NAME": "shop", "SITE2_CM_LIST_ID": list, "SITE2_GHOST_URL": "https://shop.example", "SITE2_GHOST_ADMIN_API_KEY": adminKey,
			})})
			var keys []string
			for _, w := range cfg.Warnings {
				keys = append(keys, w.Key)
				if strings.Contains(w.Text, "0123456") {
					t.Errorf("a warning holds a secret: %s", w)
				}
			}
			if diff := cmp.Diff(c.want, keys); diff != "" {
				t.Errorf("(-want +got)\n%s\n%v", diff, cfg.Warnings)
			}
		})
	}
}

// Ghost's client takes it as Ghost shows it only.
func TestAnAdminKeyMayBeTypedInUpperCase(t *testing.T) {
	t.Parallel()
	cfg := load(t, config.Options{Environ: with(map[string]string{"SITE1_GHOST_ADMIN_API_KEY": strings.ToUpper(adminKey)})})
	if got := cfg.Sites[0].GhostAdminAPIKey.Reveal(); got != adminKey {
		t.Error("the key is not in the form that Ghost knows")
	}
}

func TestLoadingIsQuick(t *testing.T) {
	t.Parallel()
	o := config.Options{Dir: t.TempDir(), Environ: with(nil)}
	best := time.Hour
	for range 20 {
		start := time.Now()
		if _, err := config.Load(o); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	if best > 20*time.Millisecond {
		t.Errorf("the best of 20 loads took %s; start-up as a whole has 50 ms", best)
	}
}
