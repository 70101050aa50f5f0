package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// reader reads typed settings, of the program or, with a prefix, of a site.
// A value that is wrong is reported and read as the zero value.
type reader struct {
	vocabulary
	values   map[string]value
	findings *findings
	prefix   string          // "SITE1_", or "" for the program's settings
	asked    map[string]bool // for the test that every setting is used; may be nil
}

// ofSite returns the reader of a site's settings.
func (r reader) ofSite(n int) reader {
	r.prefix = sitePrefix(n)
	return r
}

func (r reader) key(name string) string { return r.prefix + name }

func (r reader) setting(name string) Setting {
	if r.asked != nil {
		r.asked[r.key(name)] = true
	}
	if r.prefix != "" {
		return r.site[name]
	}
	return r.global[name]
}

func (r reader) problem(name, wrong, fix string) { r.findings.problem(r.key(name), wrong, fix) }

// text returns the value, or the default for one that is unset or empty.
func (r reader) text(name string) string {
	s := r.setting(name)
	val := r.values[r.key(name)].text
	if !s.Secret {
		val = strings.TrimSpace(val)
	}
	if val == "" || val == unreadable {
		return s.Default
	}
	return val
}

// require reports a setting that is missing, unless its file already was.
func (r reader) require(name, fix string) {
	if r.text(name) == "" && r.values[r.key(name)].text != unreadable {
		r.problem(name, "is required", fix)
	}
}

// isGiven says whether anything was set, readable or not.
func (r reader) isGiven(name string) bool {
	r.setting(name)
	return r.values[r.key(name)].text != ""
}

func (r reader) secret(name string) Secret {
	val := r.text(name)
	if val != strings.TrimSpace(val) || strings.ContainsFunc(val, unicode.IsControl) {
		r.problem(name, "starts or ends with a space, or holds a control character", "copy it again, without what is around it")
		return Secret{}
	}
	return Secret{val}
}

// secrets reads a comma-separated list; several are for rotation.
func (r reader) secrets(name string) []Secret {
	val := r.text(name)
	if val == "" {
		return nil
	}
	var all []Secret
	for part := range strings.SplitSeq(val, ",") {
		part = strings.TrimSpace(part)
		if part == "" || strings.ContainsFunc(part, unicode.IsControl) {
			r.problem(name, "holds an empty entry or a control character", "separate the secrets by single commas")
			return nil
		}
		all = append(all, Secret{part})
	}
	return all
}

func (r reader) choice(name string, allowed ...string) string {
	val := r.text(name)
	for _, a := range allowed {
		if strings.EqualFold(a, val) {
			return a
		}
	}
	r.problem(name, "is "+quote(val), "set "+strings.Join(allowed, " or "))
	return ""
}

func (r reader) truth(name string) bool {
	switch strings.ToLower(r.text(name)) {
	case "true", "yes", "on", "1":
		return true
	case "false", "no", "off", "0":
		return false
	}
	r.problem(name, "is "+quote(r.text(name)), "set true or false")
	return false
}

func (r reader) integer(name string, least, most int) int {
	n, err := strconv.Atoi(r.text(name))
	if err != nil || n < least || n > most {
		r.problem(name, "is "+quote(r.text(name)), fmt.Sprintf("set a whole number from %d to %d", least, most))
		return 0
	}
	return n
}

func (r reader) rate(name string, most float64) float64 {
	n, err := strconv.ParseFloat(r.text(name), 64)
	if err != nil || math.IsNaN(n) || n <= 0 || n > most {
		r.problem(name, "is "+quote(r.text(name)), fmt.Sprintf("set a number above 0, at most %g", most))
		return 0
	}
	return n
}

func (r reader) duration(name string, least, most time.Duration) time.Duration {
	d, err := ParseDuration(r.text(name))
	if err != nil || d < least || d > most {
		r.problem(name, "is "+quote(r.text(name)),
			fmt.Sprintf("set a duration from %s to %s, like 90s, 15m, 24h or 7d", FormatDuration(least), FormatDuration(most)))
		return 0
	}
	return d
}

// durationOrOff also takes 0.
func (r reader) durationOrOff(name string, least, most time.Duration) time.Duration {
	if d, err := ParseDuration(r.text(name)); err == nil && d == 0 {
		return 0
	}
	return r.duration(name, least, most)
}

// longestRetries keeps all retries of a job well inside the 90 days for which
// delete markers are remembered.
const longestRetries = 30 * day

func (r reader) schedule(name string) []time.Duration {
	var waits []time.Duration
	var sum time.Duration
	for part := range strings.SplitSeq(r.text(name), ",") {
		d, err := ParseDuration(strings.TrimSpace(part))
		if err != nil || d < time.Second || d > longestRetries || len(waits) == 50 {
			r.problem(name, "is "+quote(r.text(name)), "list up to 50 waits of at least 1s, like 5s,1m,1h")
			return nil
		}
		waits, sum = append(waits, d), sum+d
	}
	if sum > longestRetries {
		r.problem(name, "adds up to more than 30 days", "shorten it; what fails that long is replayed from the dead letters")
		return nil
	}
	return waits
}

// quote shows a value that is no secret, cut to what fits a line.
func quote(val string) string {
	if r := []rune(val); len(r) > 60 {
		val = string(r[:60]) + "…"
	}
	return strconv.Quote(val)
}
