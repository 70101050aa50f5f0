package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

func TestABoundOfRemovalsIsANumberOrAShare(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]reconcile.Bound{"": {}, "50": {Count: 50}, "2%": {Percent: 2}, "0.5%": {Percent: 0.5}, "100%": {Percent: 100},
		"0": none(), "0%": none()} {
		if got, err := parseBound(text); got != want || err != nil {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"-1", "many", "1.5", "%", "-1%", "101%", "NaN%", "1e9%", " 5"} {
		if got, err := parseBound(text); err == nil || !strings.HasPrefix(err.Error(), "--max-removals ") {
			t.Errorf("%q was taken as %+v, %v", text, got, err)
		}
	}
}

func TestTheSitesAreThoseNamedOrAllOrTheOnlyOne(t *testing.T) {
	t.Parallel()
	one := &config.Config{Sites: []config.Site{{Name: "blog"}}}
	two := &config.Config{Sites: []config.Site{{Name: "blog"}, {Name: "Shop"}}}
	for _, c := range []struct {
		cfg   *config.Config
		names string
		all   bool
		want  string // or the beginning of the error
	}{
		{one, "", false, "blog"},
		{one, "", true, "blog"},
		{two, "", true, "blog Shop"},
		{two, "shop", false, "Shop"},
		{two, "SHOP blog Shop", false, "Shop blog"},
		{two, "", false, "which site? give one or more of blog, Shop, or --all"},
		{two, "blog", true, "--all is every site"},
		{two, "blgo", false, `no site is called "blgo"; did you mean blog?`},
	} {
		got := ""
		sites, err := chooseSites(c.cfg, strings.Fields(c.names), c.all)
		if err != nil {
			got = err.Error()
		} else {
			got = strings.Join(siteNames(&config.Config{Sites: sites}), " ")
		}
		if got != c.want && (err == nil || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%q, all %t: %q, want %q", c.names, c.all, got, c.want)
		}
	}
}

func TestTheFlagsAreWhatTheEngineIsAsked(t *testing.T) {
	t.Parallel()
	a, _, _ := testApp()
	a.terminal = true
	var o syncOptions
	c := &cobra.Command{Use: "sync"}
	o.flags(a, c)
	err := c.Flags().Parse(strings.Fields("--dry-run --exit-code --prune --include-disabled --opt-outs --limit 7 --max-removals 3% --reveal --site blog"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := o.request(a)
	want := reconcile.Request{DryRun: true, Prune: true, IncludeDisabled: true, OptOuts: true, Limit: 7, MaxRemovals: reconcile.Bound{Percent: 3}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || o.sites[0] != "blog" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	a.terminal = false
	for _, wrong := range []syncOptions{{exitCode: true}, {limit: -1}, {maxRemovals: "x"}, {reveal: true}} {
		if _, err := wrong.request(a); a.code(err) != codeUsage {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
