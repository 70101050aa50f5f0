package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// purchaseView is one purchase in full.
type purchaseView struct {
	PurchaseDetail
	Problem string // with the link
	Now     time.Time
}

// linkWithin bounds what is waited for a Ghost.
const linkWithin = 15 * time.Second

func (d *Dashboard) purchase(ctx context.Context, v visit) error {
	q := v.URL.Query()
	return d.showPurchase(ctx, v, PurchaseRef{q.Get("site"), q.Get("id")}, http.StatusOK, "")
}

func (d *Dashboard) showPurchase(ctx context.Context, v visit, ref PurchaseRef, status int, wrong string) error {
	found, ok, err := d.Purchases.Purchase(ctx, ref)
	if err != nil {
		return err
	}
	if !ok {
		return errNotFound
	}
	view := purchaseView{PurchaseDetail: found, Problem: wrong, Now: d.Now()}
	d.render(v, status, "purchase", "Purchase", of(purchasePage, view), func(f *frame) {
		f.Section, f.Note = "payments", purchaseNote(v.URL.Query())
		f.Stream = withQuery(Base+"/live/purchase", query("site", ref.Site, "id", ref.ID))
	})
	return nil
}

// livePurchase looks at one purchase again.
func (d *Dashboard) livePurchase(ref PurchaseRef) func(context.Context) (content, error) {
	return func(ctx context.Context) (content, error) {
		found, ok, err := d.Purchases.Purchase(ctx, ref)
		if err == nil && !ok {
			err = errReload
		}
		return of(purchaseState, purchaseView{PurchaseDetail: found}), err
	}
}

// retryPurchases has those looked at again that the form names.
func (d *Dashboard) retryPurchases(ctx context.Context, v visit) error {
	var refs []PurchaseRef
	for _, text := range v.PostForm["ref"] {
		ref, ok := purchaseRef(text)
		if !ok || len(refs) == maxChosen {
			return &badInput{"The form names purchases that there cannot be."}
		}
		refs = append(refs, ref)
	}
	n, err := d.PurchaseActs.Retry(ctx, refs)
	if err != nil {
		return err
	}
	d.goTo(v, ownPath(v.PostForm.Get("back")), "did", "retry", "n", strconv.Itoa(n))
	return nil
}

// linkPurchase gives a purchase to a member. It asks Ghost who that is.
func (d *Dashboard) linkPurchase(_ context.Context, v visit) error {
	ctx, cancel := context.WithTimeout(v.Context(), linkWithin)
	defer cancel()
	ref, ok := purchaseRef(v.PostForm.Get("ref"))
	if !ok {
		return errNotFound
	}
	whom := v.PostForm.Get("member")
	if whom == "" {
		return d.showPurchase(ctx, v, ref, http.StatusUnprocessableEntity, "Type the member’s e-mail address, or the id in Ghost.")
	}
	done, found, err := d.PurchaseActs.Link(ctx, ref, whom)
	var wrong *BadQuery
	switch {
	case errors.As(err, &wrong):
		return d.showPurchase(ctx, v, ref, http.StatusUnprocessableEntity, wrong.Text)
	case err != nil:
		return err
	case !found:
		return errNotFound
	}
	did := "link"
	if done.Former != "" {
		did = "relink"
	}
	d.goTo(v, ref.url(), "did", did)
	return nil
}

// purchaseNote says what a form has done, by what goTo left in the URL.
func purchaseNote(q url.Values) *note {
	n, _ := strconv.Atoi(q.Get("n"))
	switch q.Get("did") {
	case "retry":
		if n <= 0 {
			return &note{Tone: "warn", Text: "Nothing was left to look at."}
		}
		return &note{
			Tone: "good", Text: plural(n, "purchase is", "purchases are") + " looked at again now. What comes of it appears here.",
			Link: Base + "/activity", More: "Activity",
		}
	case "link":
		return &note{Tone: "good", Text: "The purchase is the member’s now. Access follows within a moment."}
	case "relink":
		return &note{
			Tone: "good",
			Text: "The purchase is the member’s now. " +
				"Whoever had it before loses what it gave, unless another purchase of theirs gives it too.",
		}
	}
	return nil
}
