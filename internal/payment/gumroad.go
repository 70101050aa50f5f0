package payment

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// normaliseGumroad reads Gumroad's pings: forms, of sales and what becomes of them, and
// of the lives of memberships. The account's own ping tells of sales only and without a
// resource_name. (gumroad.com/ping, gumroad.com/api#resource-subscriptions)
func normaliseGumroad(d delivery) ([]Event, error) {
	f, ok := readText(d.body)
	kind := f.get("resource_name")
	if kind == "" && f.get("sale_id") != "" {
		kind = "sale"
	}
	if !ok || kind == "" {
		return nil, gumroadLacks("resource_name")
	}
	e := Event{
		ID: gumroadID(f, kind), Type: kind, Action: gumroadAction(f, kind), Status: f.get("ended_reason"),
		Test:    f.get("test") == "true" || strings.Contains(f.get("sale_id"), testMark),
		Aliases: aliases(alias("sale", f.get("sale_id"))),
	}
	if e.Action == ActionIgnore {
		return []Event{e}, nil
	}
	for _, id := range f["purchase_ids[]"] {
		e.Aliases = appendNew(e.Aliases, alias("sale", id))
	}
	switch {
	case f.get("subscription_id") != "":
		e.Subject = Subject{Subscription, f.get("subscription_id")}
	case f.get("sale_id") != "":
		e.Subject = Subject{Order, f.get("sale_id")}
	default:
		return nil, gumroadLacks("subscription_id and sale_id")
	}
	e.Customer = gumroadCustomer(f)
	if f.get("sale_id") != "" {
		e.bought(gumroadProducts(f)) // a membership's own pings do not tell its tier
	}
	e.gumroadMoney(f)
	return []Event{e}, e.gumroadLife(f)
}

func gumroadAction(f form, kind string) Action {
	switch kind {
	case "sale":
		switch {
		case f.get("is_preorder_authorization") == "true":
			return ActionIgnore // charged when the product comes out
		case f.get("is_recurring_charge") == "true":
			return ActionExtend
		}
		return ActionGrant
	case "refund":
		if f.get("refunded") == "true" {
			return ActionRefund
		}
		return ActionPartialRefund // Gumroad does not say how much
	case "dispute":
		return ActionDispute
	case "dispute_won":
		return ActionDisputeWon
	case "cancellation":
		return ActionKeepUntil
	case "subscription_ended":
		return ActionRevoke
	case "subscription_restarted":
		return ActionUncancel
	}
	// Also subscription_updated: a change is charged, at once or with the next period,
	// and that sale names the new tier.
	return ActionIgnore
}

// gumroadLife reads times. Pings of refunds, disputes and cancellations do not tell
// when that was: the sale's time is in them, and the end of a membership.
func (e *Event) gumroadLife(f form) error {
	sold, recurrence := parseTime(f.get("sale_timestamp")), f.get("recurrence")
	switch e.Action {
	case ActionGrant, ActionExtend:
		e.OccurredAt, e.Paid = sold, true
		if e.Subject.Kind == Subscription {
			e.Renews = true
			if period, known := gumroadPeriod(recurrence); known && !sold.IsZero() {
				e.PeriodEnd, _ = addPeriod(sold, period)
			}
		}
	case ActionKeepUntil:
		if e.PeriodEnd = parseTime(f.get("cancelled_at")); e.PeriodEnd.IsZero() && f.get("cancelled_at") != "" {
			return gumroadLacks("a date in cancelled_at")
		}
	case ActionRevoke:
		e.OccurredAt = parseTime(f.get("ended_at"))
	case ActionUncancel:
		e.OccurredAt, e.Renews, e.Snapshot = parseTime(f.get("restarted_at")), true, true
	}
	return nil
}

// gumroadPeriod is how long a charge lasts.
func gumroadPeriod(recurrence string) (period string, known bool) {
	switch recurrence {
	case "monthly":
		return "1 M", true
	case "quarterly":
		return "3 M", true
	case "biannually":
		return "6 M", true
	case "yearly":
		return "1 Y", true
	case "every_two_years":
		return "2 Y", true
	}
	return "", false
}

func (e *Event) gumroadMoney(f form) {
	price, err := strconv.ParseInt(f.get("price"), 10, 64) // cents; whole yen
	if err != nil {
		return
	}
	e.Amount = Amount{price, f.get("currency")}
	if e.Action == ActionRefund {
		e.Refunded = price
	}
}

// gumroadProducts names the thing: the tier of a membership (or another choice) of a
// product goes before the product.
func gumroadProducts(f form) []string {
	products := f.present("product_id", "short_product_id", "permalink", "product_permalink", "product_name")
	var chosen, all []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if strings.HasPrefix(name, "variants[") {
			chosen = appendNew(chosen, f.get(name))
		}
	}
	for _, choice := range chosen {
		for _, product := range products {
			all = appendNew(all, product+":"+choice)
		}
	}
	return appendNew(append(all, chosen...), products...)
}

// gumroadCustomer is who bought; a membership's ping has another name for the address.
// The parameters of the link that was followed, and the shop's own fields, may name
// the member.
func gumroadCustomer(f form) Customer {
	c := Customer{ID: f.first("purchaser_id", "user_id"), Email: f.first("email", "user_email"), Name: f.get("full_name")}
	named := map[string]any{}
	for _, group := range []string{"url_params", "custom_fields"} {
		fields := map[string]any{}
		for name := range f {
			if key, ok := strings.CutPrefix(name, group+"["); ok {
				fields[strings.TrimSuffix(key, "]")] = f.get(name)
			}
		}
		named[group] = fields
	}
	c.nameMember(node{named}, "url_params", "custom_fields")
	return c
}

// gumroadID tells pings apart. A refund of a part and that of the rest differ in
// whether all was refunded.
func gumroadID(f form, kind string) string {
	if sale := f.get("sale_id"); sale != "" {
		return keyOf(kind, sale, f.get("refunded"))
	}
	return keyOf(kind, f.get("subscription_id"), f.first("cancelled_at", "ended_at", "restarted_at", "effective_as_of"))
}

func gumroadLacks(what string) error {
	return &Unreadable{
		Provider: Gumroad, What: what + " is missing",
		Remedy: "point Gumroad's ping and its resource subscriptions at this address, and nothing else",
	}
}

// verifyGumroad checks the token in the webhook's address: Gumroad signs nothing. Who
// has an API key can ask for the sale besides.
func verifyGumroad(p proof) error { return verifyToken(p.header(TokenHeader), p) }

func signGumroad(secret string, body []byte) Signed {
	return Signed{Body: body, Header: map[string]string{"Content-Type": formType}, Query: map[string]string{"token": secret}}
}

func (t rehearsal) gumroad() []byte {
	return []byte(url.Values{
		"resource_name": {"sale"}, "sale_id": {t.named("")}, "sale_timestamp": {t.at.Format(time.RFC3339)}, "email": {t.email},
		"product_id": {t.product}, "price": {"100"}, "currency": {"usd"}, "refunded": {"false"}, "test": {"true"},
	}.Encode())
}
