package payment

import (
	"net/url"
	"slices"
	"strings"
)

// form is a form-encoded body, read.
type form url.Values

// readForm takes a body apart; ok is false if it is no form. Bytes beyond ASCII
// stay as they are.
func readForm(body []byte) (f form, ok bool) {
	values, err := url.ParseQuery(string(body))
	return form(values), err == nil && len(values) > 0
}

// readText is readForm of a body in UTF-8; what is none of it is replaced.
func readText(body []byte) (f form, ok bool) {
	f, ok = readForm(body)
	for _, values := range f {
		for i, v := range values {
			values[i] = strings.ToValidUTF8(v, "\uFFFD")
		}
	}
	return f, ok
}

func (f form) get(name string) string { return url.Values(f).Get(name) }

// first returns the first of these fields that is not empty.
func (f form) first(names ...string) string {
	for _, name := range names {
		if v := f.get(name); v != "" {
			return v
		}
	}
	return ""
}

// present returns the values of these fields, without the empty ones and in this order.
func (f form) present(names ...string) []string {
	var all []string
	for _, name := range names {
		all = appendNew(all, f.get(name))
	}
	return all
}

// appendNew appends what is neither empty nor there already.
func appendNew(all []string, values ...string) []string {
	for _, v := range values {
		if v == "" || slices.Contains(all, v) {
			continue
		}
		all = append(all, v)
	}
	return all
}

func (f form) has(name string) bool { return url.Values(f).Has(name) }

const formType = "application/x-www-form-urlencoded"
