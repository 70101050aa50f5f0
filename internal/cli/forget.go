package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/erasure"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/store"
)

type forgetOptions struct{ dryRun, yes, asJSON bool }

func newForgetCommand(a *app) *cobra.Command {
	var o forgetOptions
	c := &cobra.Command{
		Use:   "forget SITE EMAIL|ID",
		Short: "Erase a person from everything that ghostcm keeps",
		Long: "Erase a person from everything that ghostcm keeps of a site: what is remembered of the member and of all\n" +
			"their addresses, events and jobs that wait, dead letters, activity, purchases with what payment providers\n" +
			"sent, and their lines in the journals in STATE_DIR. The person is named by an address, in any case, or by\n" +
			"the id in Ghost. It tells what it erased, what stays, and what it cannot reach: Ghost, Campaign Monitor,\n" +
			"payment providers, logs, backups. Delete the member in Ghost first, and let ghostcm carry that on.\n\n" +
			"It asks before it erases; where there is no terminal it needs --yes. What speaks against it is told, and\n" +
			"overruled by a yes: that Ghost still has the member, so that the next event or sync learns them anew; that\n" +
			"an event of theirs is not applied yet; that a purchase still gives access. Two things nobody overrules: a\n" +
			"remembered opt-out, where Ghost may have the member and Campaign Monitor would not keep them from becoming\n" +
			"active; and an event that waits in the spool, which would bring them back.\n\n" +
			"Exit codes: 0 erased, or nothing was kept; 1 refused, or failed; 2 usage, or no such site; 75 a full sync of\n" +
			"the site is under way.\n\n" +
			"--json writes one document:\n\n" + forgetShape,
		Example:           "  ghostcm forget mainblog jo@example.org --dry-run\n  ghostcm forget mainblog jo@example.org --yes",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.completeSite,
		RunE:              func(c *cobra.Command, args []string) error { return a.forget(c.Context(), o, args[0], args[1]) },
	}
	flags := c.Flags()
	flags.BoolVar(&o.dryRun, "dry-run", false, "only tell what would be erased, and what speaks against it")
	flags.BoolVar(&o.yes, "yes", false, "do not ask; needed where there is no terminal")
	flags.BoolVar(&o.asJSON, "json", false, "write JSON")
	return c
}

const forgetShape = `  {"site", "email_hash", "member_ids", "dry_run", "erased": {"members": 1, …},
   "objections": [{"code", "firm", "text"}], "stays": [{"what", "why"}], "beyond": [{"what", "how"}]}`

func (a *app) forget(ctx context.Context, o forgetOptions, site, whom string) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if site, err = siteNamed(cfg, site); err != nil {
		return err
	}
	if !namesSomebody(whom) {
		return usageError("say whom: a whole e-mail address, or an id in Ghost (24 characters); the hash of a listing is neither")
	}
	if !o.yes && !o.dryRun && (!a.answersOnTerminal || !a.logsToTerminal) {
		return usageError("forget asks first, and there is no terminal to ask on; add --yes, or look with --dry-run")
	}
	opened, err := a.look(ctx)
	if err != nil {
		return err
	}
	defer opened.Close() //nolint:errcheck // the process ends
	agreed := false
	person, out, err := opened.Forget(ctx, site, whom, byCommand, func(p erasure.Person, counted erasure.Outcome) (bool, error) {
		agreed, err = a.mayForget(ctx, o, p, counted)
		return agreed, err
	})
	if err != nil {
		return forgetFailed(ctx, err)
	}
	return a.showForgotten(o, person, out, agreed)
}

// namesSomebody refuses what is looked for in all texts and is no name of one person:
// a first name, say, is in the purchases of many.
func namesSomebody(whom string) bool {
	whom = strings.TrimSpace(whom)
	at := strings.LastIndexByte(whom, '@')
	return at > 0 && at < len(whom)-1 || ghost.ValidID(strings.ToLower(whom))
}

// errFirm ends a command that nothing may overrule.
var errFirm = errors.New("nothing was erased")

// mayForget tells what speaks against it and asks; it is false where nothing is to be
// erased.
func (a *app) mayForget(ctx context.Context, o forgetOptions, p erasure.Person, counted erasure.Outcome) (bool, error) {
	firm := false
	for _, objection := range p.Objections() {
		firm = firm || objection.Firm
		a.notef("%s", objectionText(objection))
	}
	switch {
	case o.dryRun || counted.Nothing():
		return false, nil
	case firm:
		return false, errFirm
	case o.yes:
		return true, nil
	}
	return a.confirm(ctx, fmt.Sprintf("Erase all that is kept of this person at %s? There is no way back.", p.Site))
}

func forgetFailed(ctx context.Context, err error) error {
	held, isHeld := errors.AsType[*store.ErrRunHeld](err)
	switch {
	case isHeld:
		return exitWith(codeLocked, fmt.Errorf("a full sync of the site is under way since %s (%s): wait for its end",
			held.Since.UTC().Format(time.RFC3339), held.Who))
	case errors.Is(err, erasure.ErrBusy):
		return fmt.Errorf("%w, and was for a minute and a half: nothing was erased; try again", err)
	case errors.Is(err, errFirm), errors.Is(err, erasure.ErrChanged):
		return err
	}
	return unanswered(ctx, err)
}
