package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/entitlement"
	"github.com/ghostcm/ghostcm/internal/ghost"
	"github.com/ghostcm/ghostcm/internal/payment"
	"github.com/ghostcm/ghostcm/internal/program"
)

type paymentsLinkOptions struct {
	ledgerFilter
	asJSON bool
}

// linkView is the result of a link in --json.
type linkView struct {
	ID       string `json:"id"`
	Site     string `json:"site"`
	MemberID string `json:"member_id"`
	Former   string `json:"former_member_id"`
}

func newPaymentsLinkCommand(a *app) *cobra.Command {
	var o paymentsLinkOptions
	c := &cobra.Command{
		Use:   "link ID MEMBER",
		Short: "Give a purchase to a member, whatever address paid for it",
		Long: "Give an entitlement to a member of Ghost, named by the address or by the id in Ghost: for somebody who\n" +
			"paid with another address than the one they read with. The ledger remembers it for all that comes of\n" +
			"this subscription or order. Whoever had it before loses what it gave, unless another purchase of\n" +
			"theirs gives it too. Ghost is asked who the member is; workers then write the access.\n\n" +
			"Exit codes: 0 linked; 1 no such purchase or member, or nothing answers; 2 usage; 4 Ghost refused the key.\n\n" +
			"--json writes one document:\n\n" + `  {"id", "site", "member_id", "former_member_id"}`,
		Example: "  ghostcm payments link paypal:I-BW452GLLEP1G jo@example.org\n" +
			"  ghostcm payments link stripe:sub_1MowQV 6b026e7238ffff682100000a --site blog",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.completeEntitlement,
		RunE: func(c *cobra.Command, args []string) error {
			o.id = args[0]
			return a.linkPurchase(c.Context(), o, args[1])
		},
	}
	c.Flags().StringVar(&o.site, "site", "", "of this `site`, if several have a purchase with this id")
	c.Flags().BoolVar(&o.asJSON, "json", false, "write JSON")
	mustComplete(c, "site", a.completeSites)
	return c
}

func (a *app) linkPurchase(ctx context.Context, o paymentsLinkOptions, whom string) error {
	ledger, err := a.openPurchases(ctx, &o.ledgerFilter)
	if err != nil {
		return err
	}
	defer ledger.close()
	e, err := ledger.one(ctx)
	if err != nil {
		return err
	}
	memberID, err := ledger.MemberOf(ctx, e.Site, whom)
	if err != nil {
		return nobodyToLink(e, whom, err)
	}
	was, err := ledger.LinkPurchase(ctx, byCommand, e.Site, e.ID, memberID)
	switch {
	case errors.Is(err, entitlement.ErrUnknown):
		return noEntitlement(e.ID)
	case err != nil:
		return unanswered(ctx, err)
	}
	view := linkView{ID: e.ID, Site: e.Site, MemberID: memberID}
	if former := program.OwnerOf(was); former != memberID {
		view.Former = former
	}
	if o.asJSON {
		return a.writeJSON(view)
	}
	if view.Former != "" {
		a.notef("It was of the member %s, who loses what it gave unless another purchase gives it too.", view.Former)
	}
	return a.table([]string{"Purchase", "Site", "Member"}, [][]string{{view.ID, view.Site, view.MemberID}})
}

// nobodyToLink says why a purchase is not linked.
func nobodyToLink(e payment.Entitlement, whom string, err error) error {
	failure, isGhost := errors.AsType[*ghost.Error](err)
	switch {
	case errors.Is(err, program.ErrNobody):
		return errors.New(program.NotLinked(e.Site, whom, err))
	case isGhost && failure.Kind() == ghost.Credentials:
		return exitWith(codeCredentials, errors.New(program.NotLinked(e.Site, whom, err)))
	}
	return err
}
