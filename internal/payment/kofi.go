package payment

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// normaliseKofi reads Ko-fi's webhooks: a form with one field, data, which is JSON.
// Money that comes is all they tell of: nothing is ever cancelled, refunded or ended,
// so every payment of a membership is for a month, and who does not pay again loses
// access by the clock. (ko-fi.com/manage/webhooks)
func normaliseKofi(d delivery) ([]Event, error) {
	n, err := kofiData(d.body)
	if err != nil {
		return nil, err
	}
	kind, txn := n.text("type"), n.text("kofi_transaction_id", "message_id")
	if kind == "" || txn == "" {
		return nil, kofiWrong("type or kofi_transaction_id is missing")
	}
	e := Event{
		ID: n.text("message_id"), Type: kind, Action: ActionGrant, Paid: true, OccurredAt: n.time("timestamp"),
		Subject: Subject{Order, txn}, Aliases: aliases(alias("txn", txn)),
		Customer: Customer{Email: n.text("email"), Name: n.text("from_name")},
		Test:     txn == kofiSample || strings.Contains(txn, testMark),
	}
	e.Amount, _ = readAmount(n.text("amount"), n.text("currency"))
	switch {
	case n.truth("is_subscription_payment"):
		e.kofiMembership(n)
	case len(n.list("shop_items")) > 0:
		e.kofiOrder(n)
	default:
		e.bought([]string{kind}) // a tip or a commission: "Donation=supporter:30d" maps it
	}
	return []Event{e}, nil
}

// kofiSample is the transaction that Ko-fi's "send test" tells of.
const kofiSample = "00000000-1111-2222-3333-444444444444"

// kofiMembership makes the payments of one person for one tier one subscription: they
// have no other id in common.
func (e *Event) kofiMembership(n node) {
	tier := n.text("tier_name")
	e.bought([]string{tier, e.Type})
	if !n.truth("is_first_subscription_payment") {
		e.Action = ActionExtend
	}
	if e.Customer.Email != "" {
		e.Subject = Subject{Subscription, personal(e.Customer.Email, tier)}
	}
	e.Renews = true
	if !e.OccurredAt.IsZero() {
		e.PeriodEnd, _ = addPeriod(e.OccurredAt, "1 M")
	} else {
		e.Period = periodLength("1 M")
	}
}

// kofiOrder reads what was bought in the shop; its things have codes only.
func (e *Event) kofiOrder(n node) {
	var things [][]string
	for _, item := range n.list("shop_items") {
		code, variation := item.text("direct_link_code"), item.text("variation_name")
		thing := []string{code}
		if code != "" && variation != "" {
			thing = []string{code + ":" + variation, code}
		}
		things = append(things, thing)
	}
	e.bought(append(things, []string{e.Type})...)
}

// kofiData finds the JSON, in its form or bare.
func kofiData(body []byte) (node, error) {
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return parseJSON(Kofi, body)
	}
	f, ok := readText(body)
	if !ok || f.get("data") == "" {
		return node{}, kofiWrong("the field data is missing")
	}
	return parseJSON(Kofi, []byte(f.get("data")))
}

func kofiWrong(what string) error {
	return &Unreadable{Provider: Kofi, What: what, Remedy: "set this address as webhook URL in Ko-fi's settings, and nothing else"}
}

// verifyKofi checks the token inside the data: Ko-fi signs nothing.
func verifyKofi(p proof) error {
	n, err := kofiData(p.body)
	if err != nil {
		return &Refused{Reason: ReasonMalformed}
	}
	return verifyToken(n.text("verification_token"), p)
}

// signKofi puts the token where Ko-fi puts it.
func signKofi(secret string, body []byte) Signed {
	s := Signed{Body: body, Header: map[string]string{"Content-Type": formType}}
	n, err := kofiData(body)
	if fields, ok := n.v.(map[string]any); ok && err == nil {
		fields["verification_token"] = secret
		if data, err := json.Marshal(fields); err == nil {
			s.Body = []byte(url.Values{"data": {string(data)}}.Encode())
		}
	}
	return s
}

func (t rehearsal) kofi() []byte {
	data := t.json(object{
		"message_id": t.named(""), "kofi_transaction_id": t.named(""), "timestamp": t.at.Format(time.RFC3339), "type": "Shop Order",
		"email": t.email, "amount": "1.00", "currency": "USD", "is_subscription_payment": false,
		"shop_items": []object{{"direct_link_code": t.product}},
	})
	return []byte(url.Values{"data": {string(data)}}.Encode())
}
