package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestSiteNamesCompleteEvenFromABrokenConfiguration(t *testing.T) {
	t.Parallel()
	a, _, stderr := testApp("SITE1_NAME=blog", "SITE3_NAME=Shop", "SITE3_GHOST_URL=nonsense", "SITE9_NAME=shed", "PORT=http")
	a.dir = t.TempDir()
	for _, c := range []struct {
		args  []string
		begun string
		want  []string
	}{
		{nil, "", []string{"blog", "Shop", "shed"}},
		{nil, "sh", []string{"Shop", "shed"}},
		{[]string{"SHOP"}, "sh", []string{"shed"}},
		{nil, "x", nil},
	} {
		got, directive := a.completeSites(nil, c.args, c.begun)
		if diff := cmp.Diff(c.want, got); diff != "" || directive != cobra.ShellCompDirectiveNoFileComp {
			t.Errorf("%v %q: directive %d, (-want +got)\n%s", c.args, c.begun, directive, diff)
		}
	}
	if got, _ := a.completeSite(nil, []string{"blog"}, ""); got != nil {
		t.Errorf("after the one site: got %v", got)
	}
	if stderr.Len() > 0 {
		t.Errorf("completion wrote to the terminal: %s", stderr)
	}
}

func TestAFlagThatSeveralCommandsShareBeatsTheEnvironment(t *testing.T) {
	t.Parallel()
	a, _, _ := testApp("PORT=1")
	serve, demo := &cobra.Command{Use: "serve"}, &cobra.Command{Use: "demo"}
	for _, c := range []*cobra.Command{serve, demo} {
		a.settingFlag(c.Flags(), "port", "PORT", "listen on this `port`")
	}
	for port, c := range map[string]*cobra.Command{"2": serve, "3": demo} {
		if err := c.Flags().Parse([]string{"--port", port}); err != nil {
			t.Fatal(err)
		}
		if got := a.configOptions().Flags["PORT"]; got != port {
			t.Errorf("%s --port %s: the setting is %q", c.Use, port, got)
		}
	}
}
