package payment

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// message is a message with some fields changed; one that is set to "-" is taken out.
func message(t *testing.T, file string, changes ...string) []byte {
	t.Helper()
	fields, err := url.ParseQuery(string(fixture(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		fields.Set(changes[i], changes[i+1])
		if changes[i+1] == "-" {
			fields.Del(changes[i])
		}
	}
	return []byte(fields.Encode())
}

const (
	ipnPaid   = "paypal-ipn/subscr_payment.completed.txt"
	ipnSignup = "paypal-ipn/subscr_signup.txt"
	ipnBack   = "paypal-ipn/payment.refunded.no_txn_type.txt"
	ipnFor    = " for gold-monthly,3835963,Gold membership by buyer.person@example.test"
)

func TestANameComesInTheShopsCharset(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ charset, raw, want string }{
		{"windows-1252", "J%F6rg", "Jörg"},
		{"-", "J%F6rg", "Jörg"}, // PayPal's own, where a message does not tell
		{"", "J%F6rg", "Jörg"},
		{"Windows-1252", "%80uro", "€uro"},
		{"UTF-8", "J%C3%B6rg", "Jörg"},
		{"utf8", "%E6%9D%8E", "李"},
		{"ISO-8859-1", "J%F6rg", "Jörg"},
		{"iso-8859-15", "%A4uro", "€uro"},
		{"windows-1251", "%C8%E2%E0%ED", "Иван"},
		{"KOI8-R", "%E9%D7%C1%CE", "Иван"},
		{"Shift_JIS", "%8E%52%93%63", "山田"},
		{"EUC-JP", "%BB%B3%C5%C4", "山田"},
		{"gb2312", "%C0%EE", "李"},
		{"Big5", "%A7%F5", "李"},
		{"EUC-KR", "%B1%E8", "김"},
		// What is unknown, or would make something else of plain text, spoils a name at most.
		{"x-klingon", "J%F6rg", "Jörg"},
		{"UTF-16", "J%F6rg", "Jörg"},
		{"UTF-7", "J%F6rg", "Jörg"},
		{"hz-gb-2312", "J%F6rg", "Jörg"},
		{"UTF-8", "J%F6rg", "J\uFFFDrg"},
	} {
		body := string(message(t, ipnPaid, "charset", row.charset, "first_name", "RAW", "last_name", "-"))
		events, err := Normalise(PayPalIPN, []byte(strings.Replace(body, "RAW", row.raw, 1)), noHeader, receipt)
		if err != nil {
			t.Fatal(err)
		}
		c := events[0].Customer
		if c.Name != row.want || c.Email != "buyer.person@example.test" || events[0].Products[0] != "gold-monthly" {
			t.Errorf("%s %s: %+v, want the name %q", row.charset, row.raw, c, row.want)
		}
	}
}

func TestPayPalsTimesArePacific(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"14:48:34 Nov 01, 2026 PST":     "2026-11-01T22:48:34Z",
		"15:23:54 Apr 15, 2005 PDT":     "2005-04-15T22:23:54Z",
		"23:30:00 Dec 31, 2026 PST":     "2027-01-01T07:30:00Z",
		"09:00:00 Nov. 1, 2026 PST":     "2026-11-01T17:00:00Z",
		"09:00:00 1 Nov 2026 PST":       "2026-11-01T17:00:00Z",
		"09:00:00 Nov 1, 2026 pdt":      "2026-11-01T16:00:00Z",
		"09:00:00 Nov 1, 2026 UTC":      "2026-11-01T09:00:00Z",
		"09:00:00 Nov 1, 2026":          "2026-11-01T17:00:00Z",
		"2026-11-01T09:00:00Z":          "2026-11-01T09:00:00Z",
		"2026-11-01T09:00:00.000-07:00": "2026-11-01T16:00:00Z",
		"N/A":                           "",
		"":                              "",
		"25:00:00 Nov 1, 2026 PST":      "",
		"1793534405":                    "",
		"09:00:00 Nov 1, 2026 CEST":     "",
	} {
		got := ""
		if at := readIPNTime(s); !at.IsZero() {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	}
}

func TestAPeriodIsNeverShorterThanInTheCalendar(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for s, want := range map[string]time.Duration{
		"1 D": day, "2 W": 14 * day, "1 M": 31 * day, "1 m": 31 * day, "3 M": 93 * day, "1 Y": 366 * day,
		"": 0, "M": 0, "0 M": 0, "-1 M": 0, "1 H": 0, "1": 0, "1 MD": 0, "99999 D": 0,
	} {
		if got := periodLength(s); got != want {
			t.Errorf("%q is %v, want %v", s, got, want)
		}
		for _, from := range []time.Time{receipt, receipt.AddDate(0, 2, 30), receipt.AddDate(1, 0, 0)} {
			if end, ok := addPeriod(from, s); ok != (want > 0) || end.Sub(from) > want {
				t.Errorf("%q from %v ends at %v, later than %v", s, from, end, want)
			}
		}
	}
	if end, ok := addPeriod(time.Date(9999, 12, 1, 0, 0, 0, 0, time.UTC), "5 Y"); !ok || end.Year() > 9999 {
		t.Errorf("a period ends in the year %d", end.Year())
	}
}

func TestOnlyCompletedMoneyIsMoney(t *testing.T) {
	t.Parallel()
	ignored := "ignore subscription I-0HNJGFKLTLMP test" + ipnFor
	for status, want := range map[string]string{
		"Completed": "extend subscription I-0HNJGFKLTLMP paid renews test 900 EUR" + ipnFor + " as txn:3UM92255EP1890011",
		"Pending":   ignored, "In-Progress": ignored, "Processed": ignored, "Created": ignored, "Denied": ignored, "Failed": ignored,
		"Expired": ignored, "Voided": ignored, "completed": ignored, "Hugged": ignored,
	} {
		if diff := gocmp.Diff([]string{want}, read(t, PayPalIPN, message(t, ipnPaid, "payment_status", status))); diff != "" {
			t.Errorf("%s\n%s", status, diff)
		}
	}
}

func TestAMessageInOtherShapes(t *testing.T) {
	t.Parallel()
	const sub, txn = " subscription I-0HNJGFKLTLMP", " as txn:3UM92255EP1890011"
	for name, row := range map[string]struct {
		body []byte
		want string
	}{
		"a button bought once": {message(t, ipnPaid, "txn_type", "web_accept", "subscr_id", "-"),
			"grant order 3UM92255EP1890011 paid test 900 EUR" + ipnFor + txn},
		"without any txn_type":  {message(t, ipnPaid, "txn_type", "-", "subscr_id", "-"), "grant order 3UM92255EP1890011 paid test 900 EUR" + ipnFor + txn},
		"a refund of a button":  {message(t, ipnBack, "subscr_id", "-"), "refund test refunded 900 of 900 EUR" + ipnFor + txn},
		"a reversal":            {message(t, ipnBack, "payment_status", "Reversed"), "dispute" + sub + " test 900 EUR" + ipnFor + txn},
		"money between friends": {message(t, ipnPaid, "txn_type", "send_money"), "ignore test"},
		"a payout":              {message(t, ipnPaid, "txn_type", "masspay"), "ignore test"},
		"a settled case":        {message(t, ipnPaid, "txn_type", "adjustment"), "ignore test"},
		"a type of tomorrow":    {message(t, ipnSignup, "txn_type", "subscr_hugged"), "ignore" + sub + " test" + ipnFor},
		"live":                  {message(t, ipnPaid, "test_ipn", "-"), "extend" + sub + " paid renews 900 EUR" + ipnFor + txn},
		"skipped":               {message(t, ipnSignup, "txn_type", "recurring_payment_skipped", "recurring_payment_id", "I-1"), "past_due subscription I-1 renews test" + ipnFor},
		"suspended by the shop": {message(t, ipnSignup, "txn_type", "recurring_payment_suspended"), "suspend" + sub + " test" + ipnFor},
		"a cancelled profile that owes": {message(t, "paypal-ipn/recurring_payment_profile_cancel.txt", "outstanding_balance", "9.00"),
			"keep_until subscription I-4VBCP5EXAMPL test" + ipnFor},
		"a cancelled profile that is over": {message(t, "paypal-ipn/recurring_payment_profile_cancel.txt", "next_payment_date", "N/A"),
			"keep_until subscription I-4VBCP5EXAMPL test" + ipnFor},
		// For time that costs nothing there is no payment: the sign-up is all that comes.
		"a free trial": {message(t, ipnSignup, "period1", "7 D", "mc_amount1", "0.00"),
			"grant" + sub + " until 2026-11-08T22:48:30Z paid renews snapshot test" + ipnFor},
		"two free trials": {message(t, ipnSignup, "period1", "7 D", "amount1", "0.00", "period2", "1 M", "amount2", "0.00"),
			"grant" + sub + " until 2026-12-08T22:48:30Z paid renews snapshot test" + ipnFor},
		"a trial that costs":       {message(t, ipnSignup, "period1", "7 D", "mc_amount1", "1.00"), "uncancel" + sub + " renews snapshot test" + ipnFor},
		"a trial of no price":      {message(t, ipnSignup, "period1", "7 D"), "uncancel" + sub + " renews snapshot test" + ipnFor},
		"signed up for one period": {message(t, ipnSignup, "recurring", "-"), "uncancel" + sub + " snapshot test" + ipnFor},
		"an unknown custom text":   {message(t, ipnPaid, "custom", "25"), "extend" + sub + " paid renews test 900 EUR for gold-monthly,3835963,Gold membership,25 by buyer.person@example.test" + txn},
		"a button with a choice": {message(t, ipnPaid, "option_name1", "Plan", "option_selection1", "Silver", "custom", "ghost:JO@Example.com"),
			"extend" + sub + " paid renews test 900 EUR for gold-monthly,3835963,Gold membership,Silver by jo@example.com" + txn},
	} {
		if diff := gocmp.Diff([]string{row.want}, read(t, PayPalIPN, row.body)); diff != "" {
			t.Errorf("%s\n%s", name, diff)
		}
	}
}

func TestAChangeToComeDoesNotOutdoACancellationBeforeIt(t *testing.T) {
	t.Parallel()
	e := Entitlement{Site: "s"}
	merge(t, &e, PayPalIPN, fixture(t, ipnSignup))
	merge(t, &e, PayPalIPN, fixture(t, ipnPaid))
	merge(t, &e, PayPalIPN, message(t, ipnSignup, "txn_type", "subscr_modify", "subscr_effective", "03:00:00 Dec 01, 2026 PST"))
	merge(t, &e, PayPalIPN, fixture(t, "paypal-ipn/subscr_cancel.txt"))
	if !e.cancelled() {
		t.Error("it goes on")
	}
}

func TestTheThingsOfACartAreToldApart(t *testing.T) {
	t.Parallel()
	body := message(t, ipnPaid, "txn_type", "cart", "subscr_id", "-", "num_cart_items", "2", "item_number", "-", "btn_id", "-", "item_name", "-",
		"custom", "-", "item_number1", "book", "item_name1", "A book", "item_number2", "gold", "item_name2", "Gold")
	events, err := Normalise(PayPalIPN, body, noHeader, receipt)
	if err != nil || len(events) != 1 {
		t.Fatalf("%v, %v", events, err)
	}
	if diff := gocmp.Diff([][]string{{"book", "A book"}, {"gold", "Gold"}}, events[0].Items); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageThatIsSentAgainIsTheSame(t *testing.T) {
	t.Parallel()
	id := func(body []byte) string {
		events, err := Normalise(PayPalIPN, body, noHeader, receipt)
		if err != nil {
			t.Fatal(err)
		}
		return events[0].ID
	}
	seen := map[string]string{}
	for _, file := range fixturesOf(t, PayPalIPN) {
		first := id(fixture(t, file))
		if again := id(append(fixture(t, file), "&resend=true"...)); again != first {
			t.Errorf("%s: %q, then %q", file, first, again)
		}
		if other, known := seen[first]; known && file != "paypal-ipn/recurring_payment.txt" && other != "paypal-ipn/recurring_payment.txt" {
			t.Errorf("%s and %s are both %q", file, other, first)
		}
		seen[first] = file
	}
	if id(message(t, ipnPaid, "payment_status", "Pending")) == id(message(t, ipnPaid)) {
		t.Error("a payment that clears is taken for the one that was pending")
	}
	eot := message(t, "paypal-ipn/subscr_eot.txt", "ipn_track_id", "-")
	signedAnew := strings.Replace(string(eot), "A2S1fniRGsoquzRDbs4f5rc383f8AEXAMPLEONLY", "ANOTHER", 1)
	if id(eot) != id([]byte(signedAnew)) || id(eot) == id(message(t, "paypal-ipn/subscr_failed.txt", "ipn_track_id", "-")) {
		t.Error("a message without ids is not known by what it says")
	}
}

func TestAMessageWithoutItsPurchaseIsUnreadable(t *testing.T) {
	t.Parallel()
	for about, body := range map[string][]byte{
		"txn_type and payment_status": []byte("receiver_email=seller%40example.test"),
		"txn_type and payment_statu":  []byte(`{"txn_type":"web_accept"}`),
		"txn_type and payment":        []byte("txn_type=%zz"),
		"txn_id":                      message(t, ipnPaid, "txn_id", "-"),
		"parent_txn_id":               message(t, ipnBack, "parent_txn_id", "-", "subscr_id", "-"),
		"subscr_id":                   message(t, ipnSignup, "subscr_id", "-"),
		"payment_status":              message(t, ipnPaid, "payment_status", "-"),
		"txn_id is missing":           message(t, "paypal-ipn/new_case.chargeback.txt", "txn_id", "-", "subscr_id", "-"),
	} {
		checkUnreadable(t, PayPalIPN, body, about)
	}
}

func TestPayPalIsAskedAboutTheVeryBytesThatCame(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256(IPNPostBack(fixture(t, ipnPaid)))
	if got := hex.EncodeToString(sum[:]); got != "d1f4167ab943cc8698fc89968bd46dc5b585b81d08128f47e0a5ef027a5de246" {
		t.Errorf("the vector's sum is another: %s", got)
	}
	odd := []byte("b=%f6&a=+%20&=&b=2;x&\xff")
	if got := string(IPNPostBack(odd)); got != "cmd=_notify-validate&"+string(odd) {
		t.Errorf("asked about %q", got)
	}
}

func TestMoneyForSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		receivers []string
		body      []byte
		want      Reason
	}{
		{[]string{"YRDCSLDJ6TZKU"}, fixture(t, ipnPaid), ""},
		{[]string{"Seller@Example.test"}, fixture(t, ipnPaid), ""},
		{[]string{"other@example.test", " yrdcsldj6tzku "}, fixture(t, ipnPaid), ""},
		{[]string{"shop@example.test"}, message(t, ipnPaid, "business", "shop@example.test"), ""},
		{[]string{"other@example.test"}, fixture(t, ipnPaid), ReasonMismatch},
		{[]string{"buyer.person@example.test"}, fixture(t, ipnPaid), ReasonMismatch}, // who paid
		{[]string{""}, fixture(t, ipnPaid), ReasonMismatch},
		{[]string{""}, message(t, ipnPaid, "business", "", "receiver_id", "", "receiver_email", ""), ReasonMissing},
		{nil, fixture(t, ipnPaid), ReasonNoProof},
		{[]string{"YRDCSLDJ6TZKU"}, message(t, ipnPaid, "business", "-", "receiver_id", "-", "receiver_email", "-"), ReasonMissing},
		{[]string{"YRDCSLDJ6TZKU"}, []byte("%zz"), ReasonMalformed},
		{[]string{"PNZT8E8YGEV3W"}, message(t, ipnPaid, "txn_type", "masspay"), ""}, // we paid
	} {
		err := CheckReceiver(row.receivers, row.body)
		if got := reason(err); got != row.want || row.want == "" && err != nil {
			t.Errorf("%q: %v, want %q", row.receivers, err, row.want)
		}
	}
}

func TestTheSandboxIsAskedAboutItsOwn(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]bool{ipnPaid: true, "paypal-ipn/web_accept.old.txt": false} {
		if got := IPNSandbox(fixture(t, file)); got != want {
			t.Errorf("%s: %v", file, got)
		}
	}
}
