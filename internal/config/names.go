package config

import (
	"fmt"
	"strconv"
	"strings"
)

// vocabulary is every name that may be set.
type vocabulary struct {
	global, site map[string]Setting
}

func newVocabulary() vocabulary {
	return vocabulary{global: byName(Settings()), site: byName(SiteSettings())}
}

func byName(settings []Setting) map[string]Setting {
	m := make(map[string]Setting, len(settings))
	for _, s := range settings {
		m[s.Name] = s
	}
	return m
}

// name is a name as it was set, taken apart.
type name struct {
	full    string  // the setting with its site, without _FILE: "SITE1_CM_API_KEY"
	setting Setting // of the table
	isPath  bool    // NAME_FILE: the value is the path of the value
}

// parse takes a name apart; ok is false for one that is no setting.
func (v vocabulary) parse(set string) (n name, ok bool) {
	table, prefix, rest := v.global, "", set
	if number, after, isSite := cutSite(set); isSite {
		table, prefix, rest = v.site, sitePrefix(number), after
	}
	if s, found := table[rest]; found {
		return name{full: set, setting: s}, true
	}
	base, isPath := strings.CutSuffix(rest, "_FILE")
	if s, found := table[base]; isPath && found && s.Secret {
		return name{full: prefix + base, setting: s, isPath: true}, true
	}
	return name{}, false
}

func sitePrefix(n int) string { return "SITE" + strconv.Itoa(n) + "_" }

// cutSite splits SITE12_NAME. Numbers start at 1, without leading zeros.
func cutSite(set string) (n int, rest string, ok bool) {
	number, rest, ok := cutSiteDigits(set)
	if !ok || number[0] == '0' || len(number) > 6 {
		return 0, "", false
	}
	n, err := strconv.Atoi(number)
	return n, rest, err == nil
}

func cutSiteDigits(set string) (digits, rest string, ok bool) {
	after, isSite := strings.CutPrefix(set, "SITE")
	digits, rest, found := strings.Cut(after, "_")
	if !isSite || !found || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", "", false
	}
	return digits, rest, true
}

// complain tells of a name that is no setting but was probably meant as one.
// The environment is full of other programs' names: of those it says nothing.
func (v vocabulary) complain(set, origin string, f *findings) {
	switch digits, rest, numbered := cutSiteDigits(set); {
	case numbered && (digits[0] == '0' || len(digits) > 6):
		f.problem(set, "is set in "+origin+", but sites are numbered from 1, without leading zeros", "rename it to SITE1_"+rest)
	case numbered:
		f.problem(set, "is set in "+origin+", but no site has such a setting", suggest("SITE"+digits+"_", rest, v.site))
	case v.lacksNumber(set) != "":
		f.problem(set, "is set in "+origin+", but its site has no number", "rename it to "+v.lacksNumber(set))
	case strings.HasPrefix(set, "CM_"), v.isPathOfOther(set):
		f.problem(set, "is set in "+origin+", but there is no such setting", suggest("", set, v.global))
	case len(set) >= 8 && nearest(set, v.global, 2) != "":
		f.warn(set, fmt.Sprintf("is set in %s, but there is no such setting; did you mean %s?", origin, nearest(set, v.global, 2)))
	}
}

// lacksNumber returns the name with a number for SITE_GHOST_URL and SITEN_GHOST_URL.
func (v vocabulary) lacksNumber(set string) string {
	for _, prefix := range []string{"SITE_", "SITEN_"} {
		if rest, ok := strings.CutPrefix(set, prefix); ok {
			if _, known := v.parse("SITE1_" + rest); known {
				return "SITE1_" + rest
			}
		}
	}
	return ""
}

// isPathOfOther recognises NAME_FILE of a setting that is no secret.
func (v vocabulary) isPathOfOther(set string) bool {
	base, ok := strings.CutSuffix(set, "_FILE")
	_, known := v.global[base]
	return ok && known && strings.Contains(base, "_")
}

func suggest(prefix, unknown string, table map[string]Setting) string {
	if base, ok := strings.CutSuffix(unknown, "_FILE"); ok {
		if s, known := table[base]; known && !s.Secret {
			return "only secrets are read from files: set " + prefix + base
		}
	}
	if p, ok := providerOf(unknown); ok && prefix != "" {
		return "did you mean " + prefix + p.proofName() + "?"
	}
	if near := nearest(unknown, table, len(unknown)/3); near != "" {
		return "did you mean " + prefix + near + "?"
	}
	return "remove it, or see .env.example for the names"
}

// providerOf finds the payment provider that a name starts with. PayPal's
// settings and those of its IPN start alike; the longer name wins.
func providerOf(unknown string) (found providerKind, ok bool) {
	for _, p := range providers() {
		if strings.HasPrefix(unknown, p.env()+"_") && len(p.name) > len(found.name) {
			found, ok = p, true
		}
	}
	return found, ok
}

// nearest returns the name that is at most limit edits away, "" if there is none.
func nearest(unknown string, table map[string]Setting, limit int) string {
	best, bestDistance := "", limit+1
	for known, s := range table {
		candidates := []string{known}
		if s.Secret {
			candidates = append(candidates, known+"_FILE")
		}
		for _, c := range candidates {
			if d := edits(unknown, c); d < bestDistance || (d == bestDistance && d <= limit && c < best) {
				best, bestDistance = c, d
			}
		}
	}
	return best
}

// edits is the Levenshtein distance. Names beyond 64 bytes are far from all.
func edits(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
