package pages_test

import (
	"fmt"
	"testing"

	"github.com/ghostcm/ghostcm/internal/bench/pages"
	"github.com/ghostcm/ghostcm/internal/ghost/ghosttest"
)

func TestEveryMemberIsFetched(t *testing.T) {
	t.Parallel()
	ghost := ghosttest.Run(t, ghosttest.Options{})
	var members []ghosttest.Member
	for i := range 250 {
		members = append(members, ghosttest.Member{Email: fmt.Sprintf("reader%d@example.org", i)})
	}
	ghost.Import(members)
	if n, err := pages.Fetch(t.Context(), ghost.URL(), ghost.AdminKey()); n != 250 || err != nil {
		t.Errorf("%d members, %v", n, err)
	}
}
