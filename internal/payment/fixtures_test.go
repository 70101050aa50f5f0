package payment

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// receipt is when the fixtures reach us.
var receipt = time.Date(2026, 11, 1, 12, 0, 7, 0, time.UTC)

func noHeader(string) string { return "" }

// tell writes an event on a line, as far as it bears on access.
func tell(e Event) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	say("%s", e.Action)
	if e.Subject != (Subject{}) {
		say(" %s %s", e.Subject.Kind, e.Subject.ID)
	}
	if !e.PeriodEnd.IsZero() {
		say(" until %s", e.PeriodEnd.Format(time.RFC3339))
	}
	for _, flag := range []struct {
		on   bool
		name string
	}{{e.Paid, "paid"}, {e.Renews, "renews"}, {e.Snapshot, "snapshot"}, {e.Test, "test"}} {
		if flag.on {
			say(" %s", flag.name)
		}
	}
	if e.Refunded != 0 {
		say(" refunded %d of", e.Refunded)
	}
	if e.Amount != (Amount{}) {
		say(" %d %s", e.Amount.Minor, e.Amount.Currency)
	}
	if len(e.Products) > 0 {
		say(" for %s", strings.Join(e.Products, ","))
	}
	if who := cmp.Or(e.Customer.MemberEmail, e.Customer.MemberID, e.Customer.Email, e.Customer.ID); who != "" {
		say(" by %s", who)
	}
	if len(e.Aliases) > 0 {
		say(" as %s", strings.Join(e.Aliases, ","))
	}
	return shortened().Replace(b.String())
}

// shortened gives the long ids of the fixtures names that fit on a line.
func shortened() *strings.Replacer {
	return strings.NewReplacer(
		"e5149aae-e521-42b9-b24c-abb3d71eea2e", "SUB", "57107b74-8400-4d80-a2fc-54c2b4239cb3", "ORDER",
		"2f6b1f36-29bb-4f0a-8d06-6f0a8f4b7c11", "PRICE", "d8dd2de1-21b7-4a41-8bc3-ce909c0cfe23", "PRODUCT",
		"5ba5a6b2-9d3e-4f0c-8a0c-0c7a6f4b1f10", "CHECKOUT",
		"sub_1Pgc6rB7WZ01zgkWNy0Cn5nw", "sub_1", "in_1Pgc6tB7WZ01zgkWu9fdqL6I", "in_1", "cus_QXg1o8vcGmoR32", "cus_1",
		"price_1PgafmB7WZ01zgkW6dKueIc5", "price_1", "prod_QXg1hqf4jFNsqG", "prod_1", "plink_1Pgc76B7WZ01zgkW", "plink_1",
		"cs_test_a1YS1URlnyQCN5fUUduORoQ7Pw41PJqDWkIVQCpJPqkfIhd6tVY8XB1OLY", "cs_1", "ch_1PgafuB7WZ01zgkWXYmPNZs8", "ch_1",
		"pi_1PgafyB7WZ01zgkWiOEDu5IZ", "pi_1", "pi_1PgafyB7WZ01zgkWSjxsAJo3", "pi_2",
		"sub_01hv9770y40xzc823155s0z4zz", "sub_1", "sub_01hszn787vc5vkkdah3rtd4nft", "sub_2",
		"ctm_01hv976dcgq4wmyrp8yq7asfmj", "ctm_1", "ctm_01hszn72m8kqyqm8g1jxwxc3t3", "ctm_2",
		"pri_01gsz8x8sawmvhz1pv30nge1ke", "pri_1", "pro_01gsz4t5hdjse780zja8vvr7jg", "pro_1",
		"pri_01h1vjfevh5etwq3rb416a23h2", "pri_2", "pro_01h1vjes1y163xfj1rh1tkfb65", "pro_2",
		"pri_01hszn72dfz9mef1n7f9atmt14", "pri_3", "pro_01hszn726kxbk7y5mt6trc6at6", "pro_3",
		"txn_01hywqfe6yxhxcsfb4ays8mqt3", "txn_2", "txn_01hv975mbh902hcyb7mks5kt0n", "txn_1", "inv_01hywqfhy0nvwg65mdzvc2c9vt", "inv_2",
	)
}

// read normalises a body that has to be readable, and tells of its events.
func read(t *testing.T, provider string, body []byte) []string {
	t.Helper()
	events, err := Normalise(provider, body, noHeader, receipt)
	if err != nil {
		t.Fatalf("%s: %v", provider, err)
	}
	var told []string
	for _, e := range events {
		told = append(told, tell(e))
	}
	return told
}

func fixture(t testing.TB, path string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// fixturesOf lists the payloads of some folders.
func fixturesOf(t testing.TB, folders ...string) []string {
	t.Helper()
	var files []string
	for _, folder := range folders {
		err := fs.WalkDir(os.DirFS("testdata"), folder, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(files)
	return files
}

func TestEveryFixtureMeansWhatTheTableOfActionsSays(t *testing.T) {
	t.Parallel()
	want := fixtureActions()
	for _, file := range fixturesOf(t, Polar, Stripe, Paddle, LemonSqueezy) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			provider, _, _ := strings.Cut(file, "/")
			if diff := gocmp.Diff([]string{want[file]}, read(t, provider, fixture(t, file))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
