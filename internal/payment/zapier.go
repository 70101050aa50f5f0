package payment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// normaliseZapier reads ghostcm's own contract, for everything that has no webhook of
// its own: one flat JSON object or one form. docs/payments-zapier.md is the contract.
func normaliseZapier(d delivery) ([]Event, error) {
	n, err := zapierFields(d.body)
	if err != nil {
		return nil, err
	}
	e := Event{
		ID: n.text("event_id"), Type: n.text("action"), Action: zapierAction(n.text("action")),
		OccurredAt: n.time("occurred_at"), Renews: n.truth("renews"), Status: n.text("status"),
		Customer: Customer{ID: n.text("customer_id"), Email: n.text("email"), Name: n.text("name")},
	}
	e.Test = n.truth("test") || strings.Contains(e.ID, testMark)
	if strings.Contains(e.ID, "{{") {
		e.ID = "" // a field that Zapier did not fill in is the same for every sale
	}
	if e.ID != "" {
		e.Key = keyOf(string(e.Action), e.ID) // a Zap may give one id to a sale and its refund
	}
	e.Customer.nameReference(n.text("member_id"))
	e.Customer.nameReference(n.text("member_email"))
	e.bought([]string{n.text("product"), n.text("product_name")})
	if e.Action == ActionIgnore {
		return nil, zapierWrong("action is missing or not one of those that there are")
	}
	if e.Subject = zapierSubject(n, e); e.Subject.ID == "" {
		return nil, zapierWrong("the purchase is not named: neither subscription_id nor order_id, nor email and product")
	}
	if err := e.zapierTime(n, d.receivedAt); err != nil {
		return nil, err
	}
	e.Amount, _ = readAmount(decimalPoint(n.text("amount")), n.text("currency"))
	e.Refunded = zapierRefunded(e)
	return []Event{e}, nil
}

// zapierAction takes the actions' own words and those that come to mind first.
func zapierAction(word string) Action {
	word = strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(word)))
	switch Action(word) {
	case ActionGrant, ActionExtend, ActionKeepUntil, ActionUncancel, ActionPastDue, ActionRevoke, ActionSuspend, ActionResume,
		ActionRefund, ActionPartialRefund, ActionDispute, ActionDisputeWon, ActionDisputeLost:
		return Action(word)
	case "renew":
		return ActionExtend
	case "cancel":
		return ActionKeepUntil
	case "pause":
		return ActionSuspend
	}
	return ActionIgnore
}

// zapierSubject is the purchase. Where a Zap has no id for it, it is this person's
// purchase of this product; a hash, since an entitlement's id is shown.
func zapierSubject(n node, e Event) Subject {
	switch email := cleanEmail(e.Customer.Email); {
	case n.text("subscription_id") != "":
		return Subject{Subscription, n.text("subscription_id")}
	case n.text("order_id") != "":
		return Subject{Order, n.text("order_id")}
	case email != "" && len(e.Products) > 0:
		return Subject{Order, personal(email, e.Products[0])}
	}
	return Subject{}
}

// personal names a person's purchase without naming the person.
func personal(email, product string) string {
	sum := sha256.Sum256([]byte(cleanEmail(email) + "\n" + product))
	return hex.EncodeToString(sum[:12])
}

// zapierTime reads until when, or for how long, it is paid. What is there and cannot
// be read would become access for ever or for nothing, so it is an error.
func (e *Event) zapierTime(n node, receivedAt time.Time) error {
	e.PeriodEnd = n.time("period_end")
	if n.text("period_end") != "" && e.PeriodEnd.IsZero() {
		return zapierWrong("period_end is no date")
	}
	if n.text("occurred_at") != "" && e.OccurredAt.IsZero() {
		return zapierWrong("occurred_at is no date")
	}
	if text := n.text("period"); text != "" && e.PeriodEnd.IsZero() {
		from := e.OccurredAt
		if from.IsZero() {
			from = receivedAt
		}
		end, ok := addPeriod(from, zapierPeriod(text))
		if !ok {
			return zapierWrong("period is no length of time")
		}
		e.PeriodEnd = end
	}
	e.Paid = e.Action == ActionGrant || e.Action == ActionExtend
	return nil
}

// zapierPeriod turns "30d", "1 month" and "2 years" into "30 D", "1 M" and "2 Y".
func zapierPeriod(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	unit := strings.TrimSpace(strings.TrimLeft(s, "0123456789"))
	count := strings.TrimSpace(strings.TrimSuffix(s, unit))
	switch unit {
	case "DAY", "DAYS", "WEEK", "WEEKS", "MONTH", "MONTHS", "YEAR", "YEARS":
		unit = unit[:1]
	}
	return count + " " + unit
}

// decimalPoint reads "9,99" as people write it where a comma is the point.
func decimalPoint(s string) string {
	s = strings.Trim(s, "$€£¥ ")
	if before, after, ok := cutLast(s, ","); ok && len(after) <= 2 && !strings.ContainsAny(before, ",.") {
		return before + "." + after
	}
	return s
}

func zapierRefunded(e Event) int64 {
	if e.Action == ActionRefund || e.Action == ActionPartialRefund {
		return magnitude(e.Amount.Minor)
	}
	return 0
}

// zapierFields reads either form of the contract as one flat object.
func zapierFields(body []byte) (node, error) {
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return parseJSON(Zapier, body)
	}
	f, ok := readText(body)
	if !ok || !f.has("action") {
		return node{}, zapierWrong("the body is neither a JSON object nor a form with an action")
	}
	fields := map[string]any{}
	for name, values := range f {
		fields[name] = values[0]
	}
	return node{fields}, nil
}

func zapierWrong(what string) error {
	return &Unreadable{Provider: Zapier, What: what, Remedy: "correct the Zap as docs/payments-zapier.md says, and let Zapier replay it"}
}

// verifyZapier checks the token that the Zap sends along.
func verifyZapier(p proof) error {
	scheme, token, ok := bearer(p.header)
	switch {
	case scheme == "" && p.header(DigestHeader) != "":
	case scheme == "":
		return &Refused{Reason: ReasonMissing}
	case !ok:
		return &Refused{Reason: ReasonMalformed}
	}
	return verifyToken(token, p)
}

func signZapier(secret string, body []byte) Signed {
	return signedJSON(body, map[string]string{"Authorization": "Bearer " + secret})
}

func (t rehearsal) zapier() []byte {
	return t.json(object{
		"event_id": t.named(""), "action": "grant", "email": t.email, "product": t.product, "order_id": t.named(""),
		"occurred_at": t.at.Format(time.RFC3339), "amount": "1.00", "currency": "USD", "test": true,
	})
}
