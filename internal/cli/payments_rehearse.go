package cli

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/program"
)

type paymentsTestOptions struct {
	provider, product, email, url string
	asJSON                        bool
}

// rehearsalView is the result of a test in --json.
type rehearsalView struct {
	Site     string     `json:"site"`
	Provider string     `json:"provider"`
	URL      string     `json:"url"`
	Signed   bool       `json:"signed"`
	Status   int        `json:"status"`
	TookMS   int64      `json:"took_ms"`
	Verified bool       `json:"verified"`
	Product  string     `json:"product"`
	Tier     string     `json:"tier"`
	State    string     `json:"state"`
	Until    *time.Time `json:"until"`
	Buyer    string     `json:"buyer"`
	Problems []string   `json:"problems"`
}

func newPaymentsTestCommand(a *app) *cobra.Command {
	var o paymentsTestOptions
	c := &cobra.Command{
		Use:   "test SITE",
		Short: "Rehearse a purchase: send a signed test event through the real endpoint",
		Long: "Send an event as the provider would, signed with the configured secret, to the webhook of the running\n" +
			"serve, and say what it did, and what a real purchase like it would give to whom. The event is marked\n" +
			"as a test inside what is signed: nobody is granted anything, whatever PAYMENT_TEST_EVENTS says, and\n" +
			"no trace is left of it.\n\n" +
			"PayPal signs with a key of its own: of paypal and paypal-ipn, it only tells whether the endpoint is\n" +
			"there and what a purchase would give.\n\n" +
			"Exit codes: 0 a purchase would become access; 1 nothing answers, or Redis does not; 2 usage;\n" +
			"5 something would keep it from becoming access; the problems say what.\n\n" +
			"--json writes one document:\n\n" +
			`  {"site", "provider", "url", "signed", "status", "took_ms", "verified", "product", "tier", "state",` + "\n" +
			`   "until", "buyer", "problems": ["…"]}`,
		Example: "  ghostcm payments test blog --provider polar\n" +
			"  ghostcm payments test blog --provider stripe --product price_9 --email jo@example.org --url https://hooks.example.org",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeSite,
		RunE:              func(c *cobra.Command, args []string) error { return a.rehearse(c.Context(), o, args[0]) },
	}
	flags := c.Flags()
	flags.StringVar(&o.provider, "provider", "", "as this payment `provider`")
	flags.StringVar(&o.product, "product", "", "of this `product`, price or plan; the first that is mapped if not given")
	flags.StringVar(&o.email, "email", "", "by the person with this `address`, of whom Ghost is asked")
	flags.StringVar(&o.url, "url", "", "`URL` of the running serve, without a path; http://HOST:PORT if not given")
	flags.BoolVar(&o.asJSON, "json", false, "write JSON")
	mustComplete(c, "provider", a.completeProviders)
	return c
}

func (a *app) rehearse(ctx context.Context, o paymentsTestOptions, site string) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	s, of, err := seller(cfg, site, o.provider)
	if err != nil {
		return err
	}
	target, err := o.target(cfg.Server)
	if err != nil {
		return err
	}
	opened, err := a.look(ctx)
	if err != nil {
		return err
	}
	defer opened.Close() //nolint:errcheck // the process ends
	r, err := opened.Rehearse(ctx, program.RehearseOptions{
		Site: s.Name, Provider: of.Name, Product: o.product, Email: o.email, URL: target,
	})
	if err != nil {
		return unanswered(ctx, err)
	}
	view := rehearsalView{
		Site: s.Name, Provider: of.Name, URL: r.URL, Signed: r.Signed, Status: r.Status, TookMS: r.Took.Milliseconds(),
		Verified: r.Verified, Product: r.Product, Tier: r.Tier, State: string(r.State), Until: known(r.Until), Buyer: r.Buyer,
		Problems: append([]string{}, r.Problems...),
	}
	if err := a.tellRehearsal(o, view); err != nil {
		return err
	}
	switch {
	case r.Status == 0:
		return errors.New("nothing answers at " + target)
	case len(r.Problems) > 0:
		return exitWith(codeFound, errors.New("a purchase like this would not become access, or not quite: see the problems"))
	}
	return nil
}

// target is where the running serve is.
func (o paymentsTestOptions) target(s config.Server) (string, error) {
	if o.url != "" {
		u, err := url.Parse(o.url)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return "", usageError("--url is the address of the running serve without a path, like https://hooks.example.org")
		}
		return u.Scheme + "://" + u.Host, nil
	}
	host := s.Host
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // it listens everywhere
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(s.Port)), nil
}

func (a *app) tellRehearsal(o paymentsTestOptions, v rehearsalView) error {
	if o.asJSON {
		return a.writeJSON(v)
	}
	answer := "none"
	if v.Status > 0 {
		answer = count(v.Status) + " after " + strconv.FormatInt(v.TookMS, 10) + " ms"
	}
	verified := "no"
	switch {
	case v.Verified:
		verified = "yes; it is marked as a test, and was forgotten"
	case !v.Signed:
		verified = "only PayPal can sign for itself: buy something to see it verified"
	}
	rows := [][]string{
		{"endpoint", v.URL}, {"answer", answer}, {"verified", verified}, {"product", v.Product},
		{"would give", dash(v.Tier)}, {"until", a.moment(v.Until)}, {"to", dash(v.Buyer)},
	}
	if err := a.table([]string{"Test", v.Provider}, rows); err != nil {
		return err
	}
	for _, problem := range v.Problems {
		a.notef("Problem: %s.", problem)
	}
	return nil
}
