package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/doctor"
)

func TestChecksThatCouldNotBeMadeForOneReasonAreOneLine(t *testing.T) {
	t.Parallel()
	const away = "not checked: Redis does not answer"
	all := []doctor.Finding{
		{Name: "redis", Status: doctor.Fail, Detail: "refused", Remedy: "start it"},
		{Name: "queue", Status: doctor.Warn, Detail: away},
		{Site: "blog", Name: "list", Status: doctor.OK, Detail: "answers"},
		{Site: "blog", Name: "gate", Status: doctor.Warn, Detail: away},
		{Site: "blog", Name: "ghost_clock", Status: doctor.Warn, Detail: "not checked: Ghost does not answer"},
		{Site: "shop", Name: "gate", Status: doctor.Warn, Detail: away},
	}
	want := []doctor.Finding{
		all[0], {Name: "3 checks", Status: doctor.Warn, Detail: away}, all[2], all[4],
	}
	if diff := cmp.Diff(want, folded(all)); diff != "" {
		t.Error(diff)
	}
}
