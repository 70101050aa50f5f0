package payment

import (
	"bytes"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestABodyIsReadAlikeWithoutItsToken(t *testing.T) {
	t.Parallel()
	signed, err := Sign(Kofi, "token-of-the-shop", fixture(t, "kofi/shop_order.json"), receipt)
	if err != nil {
		t.Fatal(err)
	}
	bare := WithoutToken(Kofi, signed.Body)
	if bytes.Contains(bare, []byte("token-of-the-shop")) || !bytes.Contains(signed.Body, []byte("token-of-the-shop")) {
		t.Errorf("the token is in %s", bare)
	}
	want, err := Normalise(Kofi, signed.Body, noHeader, receipt)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Normalise(Kofi, bare, noHeader, receipt)
	if diff := gocmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for _, body := range []string{"", "data=x", "a=b", `{"event_id":"e","verification_token":"x"}`} {
		if got := WithoutToken(Zapier, []byte(body)); string(got) != body {
			t.Errorf("%q became %q", body, got)
		}
	}
}
