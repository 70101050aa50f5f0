package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A setting in the table that nothing reads would be documented and ignored.
func TestEverySettingOfTheTableIsRead(t *testing.T) {
	t.Parallel()
	want, asked := map[string]bool{}, map[string]bool{}
	for _, s := range Settings() {
		want[s.Name] = true
	}
	for _, s := range SiteSettings() {
		want["SITE1_"+s.Name] = true
	}
	v := newVocabulary()
	r := reader{vocabulary: v, findings: &findings{}, asked: asked, values: map[string]value{"SITE1_NAME": {text: "blog"}}}
	build(r, fileContent{}, Options{Dir: t.TempDir()})
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("in the table (-), read by the code (+):\n%s", diff)
	}
}

// A default must pass the check of its own setting: unset and default are one.
func TestEveryDefaultIsGood(t *testing.T) {
	t.Parallel()
	f := &findings{}
	values := map[string]value{
		"CM_API_KEY": {text: "x"}, "STATE_DIR": {text: "/x"}, "SITE1_NAME": {text: "blog"},
		"SITE1_GHOST_WEBHOOK_SECRET": {text: "a-secret-of-the-webhooks"}, "SITE1_CM_LIST_ID": {text: "0123456789abcdef0123456789abcdef"},
	}
	build(reader{vocabulary: newVocabulary(), findings: f, values: values}, fileContent{}, Options{})
	if len(f.problems) > 0 {
		t.Error(f.problems)
	}
}
