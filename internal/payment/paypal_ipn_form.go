package payment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/htmlindex"
)

// readIPN reads a message into UTF-8. Its charset is the shop's, named in the message.
func readIPN(body []byte) (form, bool) {
	f, ok := readForm(body)
	if !ok {
		return f, false
	}
	decode := ipnDecoder(f.get("charset"))
	for _, values := range f {
		for i, v := range values {
			values[i] = strings.TrimSpace(decode(v))
		}
	}
	return f, true
}

const plain = "!#$%&'()*+,-./0123456789:;=?@ABCXYZ[]^_abcxyz{|}"

// ipnDecoder returns what turns a charset into UTF-8. For one that is not named or not
// known, or in which plain text is not what it seems, it is windows-1252, PayPal's own:
// that spoils a name at most, where an error would lose a purchase.
func ipnDecoder(charset string) func(string) string {
	for _, name := range []string{charset, "windows-1252"} {
		e, err := htmlindex.Get(name)
		if err != nil {
			continue
		}
		if s, err := e.NewDecoder().String(plain); err != nil || s != plain {
			continue
		}
		return func(s string) string {
			decoded, err := e.NewDecoder().String(s)
			if err != nil {
				return strings.ToValidUTF8(s, "�")
			}
			return decoded
		}
	}
	return func(s string) string { return strings.ToValidUTF8(s, "�") }
}

// ipnID tells messages apart. A message that is sent again may differ from the first
// in resend and verify_sign.
func ipnID(f form, body []byte) string {
	parts := f.present("txn_id", "payment_status")
	if len(parts) < 2 {
		parts = []string{f.first("recurring_payment_id", "subscr_id", "txn_id"), f.get("txn_type"), f.first("case_id", "ipn_track_id")}
	}
	for _, part := range parts {
		if part == "" {
			return ipnSum(body)
		}
	}
	return strings.Join(parts, ":")
}

func ipnSum(body []byte) string {
	h := sha256.New()
	for pair := range bytes.SplitSeq(body, []byte("&")) {
		name, _, _ := bytes.Cut(pair, []byte("="))
		if string(name) == "resend" || string(name) == "verify_sign" {
			continue
		}
		h.Write(pair)
		h.Write([]byte("&"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ipnTime is when it happened; zero where a message does not tell. The time_created of
// a recurring payment is when it was set up, whatever happens to it; a change's
// subscr_effective may be in the future, where it would outdo a cancellation before.
func ipnTime(f form) time.Time {
	for _, name := range []string{"payment_date", "subscr_date", "case_creation_date"} {
		if t := readIPNTime(f.get(name)); !t.IsZero() {
			return t
		}
	}
	if f.get("txn_type") == "recurring_payment_profile_created" {
		return readIPNTime(f.get("time_created"))
	}
	return time.Time{}
}

// readIPNTime reads PayPal's "14:48:34 Nov 01, 2026 PST". The zone is Pacific time with
// its name; time.Parse would take an unknown name for UTC. Zero is no time.
func readIPNTime(s string) time.Time {
	if t := parseTime(s); !t.IsZero() && strings.Contains(s, "-") {
		return t // some messages have ISO 8601
	}
	clock, zone, ok := cutLast(strings.TrimSpace(s), " ")
	west, known := map[string]time.Duration{"PST": 8 * time.Hour, "PDT": 7 * time.Hour, "UTC": 0, "GMT": 0}[strings.ToUpper(zone)]
	if !ok || !known {
		clock, west = s, 8*time.Hour
	}
	for _, layout := range []string{"15:04:05 Jan 2, 2006", "15:04:05 Jan. 2, 2006", "15:04:05 2 Jan 2006", "15:04:05 Jan 2 2006"} {
		if t, err := time.Parse(layout, strings.TrimSpace(clock)); err == nil && t.Year() >= 1970 {
			return parseTime(t.Add(west).Format(time.RFC3339))
		}
	}
	return time.Time{}
}

// readPeriod reads PayPal's "1 M": a number and a unit of days, weeks, months or years.
func readPeriod(s string) (n int, unit string, ok bool) {
	count, unit, _ := strings.Cut(strings.TrimSpace(s), " ")
	n, err := strconv.Atoi(count)
	unit = strings.ToUpper(strings.TrimSpace(unit))
	return n, unit, err == nil && n > 0 && n <= 999 && len(unit) == 1 && strings.Contains("DWMY", unit)
}

// addPeriod goes a period further in the calendar, as far as that goes.
func addPeriod(t time.Time, period string) (time.Time, bool) {
	n, unit, ok := readPeriod(period)
	if !ok {
		return t, false
	}
	end := t
	switch unit {
	case "D":
		end = t.AddDate(0, 0, n)
	case "W":
		end = t.AddDate(0, 0, 7*n)
	case "M":
		end = t.AddDate(0, n, 0)
	case "Y":
		end = t.AddDate(n, 0, 0)
	}
	if end.Year() > 9999 {
		end = endOfTime()
	}
	return end, true
}

// periodLength is the longest that a period can be: nobody loses a day to February.
func periodLength(period string) time.Duration {
	n, unit, ok := readPeriod(period)
	days := map[string]int{"D": 1, "W": 7, "M": 31, "Y": 366}[unit]
	if !ok {
		return 0
	}
	return time.Duration(n*days) * 24 * time.Hour
}
