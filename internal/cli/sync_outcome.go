package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor"
	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/reconcile"
)

// outcome is a site's exit code, and what to tell people of it with what they
// can do; "" if there is nothing to tell.
func outcome(site config.Site, v runView, err error) (code int, text string) {
	exit, hasCode := errors.AsType[*exitError](err)
	locked, isLocked := errors.AsType[*reconcile.ErrLocked](err)
	missing, lacks := errors.AsType[*reconcile.FieldsMissingError](err)
	switch {
	case err == nil && v.Failed+v.Handed.Failed > 0:
		return codePartly, "some members failed; ghostcm dlq list tells which and why"
	case err == nil:
		return codeDone, ""
	case hasCode:
		return exit.code, err.Error()
	case errors.Is(err, context.Canceled):
		return codeInterrupted, "interrupted; run the same command again to resume"
	case lacks:
		return codeUsage, fmt.Sprintf("the list has no %s, and Campaign Monitor drops silently what it has no field for; "+
			"make them with ghostcm doctor %s --fix, or by hand", strings.Join(missing.Fields, ", "), site.Name)
	case errors.Is(err, reconcile.ErrNoAdminKey):
		return codeUsage, fmt.Sprintf("SITE%d_GHOST_ADMIN_API_KEY is not set, and without it nobody can read Ghost's members; "+
			"take it from a custom integration in Ghost, and set SITE%d_GHOST_URL as well", site.N, site.N)
	case isLocked:
		return codeLocked, fmt.Sprintf("another sync is at it since %s: %s; wait for it to end",
			locked.Since.UTC().Format(time.RFC3339), locked.Who)
	case refusedCredentials(err):
		return codeCredentials, fmt.Sprintf("%s; check SITE%d_GHOST_ADMIN_API_KEY and CM_API_KEY", err, site.N)
	}
	return codeFailed, err.Error() + "; run the same command again to resume"
}

func refusedCredentials(err error) bool {
	refused, fromGhost := errors.AsType[*ghost.Error](err)
	return fromGhost && refused.Kind() == ghost.Credentials || campaignmonitor.KindOf(err) == campaignmonitor.Credentials
}

// worse is the graver of two exit codes: what needs a person, and sooner, first.
func worse(a, b int) int {
	gravity := []int{codeDone, codeFound, codePartly, codeLocked, codeFailed, codeUsage, codeCredentials, codeInterrupted}
	if slices.Index(gravity, b) > slices.Index(gravity, a) {
		return b
	}
	return a
}
