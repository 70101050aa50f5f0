package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/member"
)

func TestTheFieldsThatAMappingAsksForAreTold(t *testing.T) {
	t.Parallel()
	file := "fields:\n  tiers: level\n  labels: tags\nsites:\n" +
		"  - {name: one, cm_list_id: 0123456789abcdef0123456789abcdef, ghost_webhook_secret: a-secret-word-of-one}\n" +
		"  - {name: two, cm_list_id: 0123456789abcdef0123456789abcdee, ghost_webhook_secret: a-secret-word-of-two,\n" +
		"     fields: {tiers: '', newsletters: letters}}\n"
	dir := write(t, map[string]string{"c.yaml": file})
	cfg, err := config.Load(config.Options{Dir: dir, ConfigFile: "c.yaml", Environ: []string{"HOME=" + dir, "CM_API_KEY=x"}})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]member.Fact{{member.FactLabels, member.FactTiers}, {member.FactLabels, member.FactNewsletters}}
	for i, s := range cfg.Sites {
		if diff := cmp.Diff(want[i], s.ChosenFields); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.Name, diff)
		}
	}
}
