package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// fileContent is what the file of --config says.
type fileContent struct {
	layer
	fields       map[string]any         // the mapping of all sites
	siteFields   map[int]map[string]any // by N
	sitePayments map[int][]any          // by N
	entries      int                    // how many sites are listed
}

// fileReader turns a file into names and values as the environment has them.
type fileReader struct {
	vocabulary
	findings *findings
	content  fileContent
}

func (v vocabulary) file(o Options, f *findings) fileContent {
	r := fileReader{vocabulary: v, findings: f, content: fileContent{
		siteFields: map[int]map[string]any{}, sitePayments: map[int][]any{},
	}}
	path := o.ConfigFile
	if path == "" {
		return r.content
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(o.Dir, path)
	}
	r.content.layer = layer{origin: filepath.Base(path), dir: filepath.Dir(path), values: map[string]string{}}
	r.top(parseFile(path, f))
	return r.content
}

// parseFile reads YAML or TOML by the file's extension.
func parseFile(path string, f *findings) map[string]any {
	format := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	if format != "yaml" && format != "yml" && format != "toml" {
		f.problem("--config", "the file is neither YAML nor TOML by its name", "name it ….yaml or ….toml")
		return nil
	}
	content, err := readFile(path)
	if err != nil {
		f.problem("--config", "the file cannot be read: "+reason(err), "check the path and who may read it")
		return nil
	}
	// Names hold no NUL, so nothing is taken for a path into nested values.
	v := viper.NewWithOptions(viper.KeyDelimiter("\x00"))
	v.SetConfigType(format)
	if err := v.ReadConfig(bytes.NewReader(content)); err != nil {
		f.problem("--config", filepath.Base(path)+" is malformed"+place(err), "check the indentation and the quotes there")
		return nil
	}
	return v.AllSettings()
}

// place tells where a file is broken, and nothing else of the parser's error,
// which may quote a secret.
func place(err error) string {
	var positioned interface{ Position() (row, column int) }
	if errors.As(err, &positioned) {
		row, _ := positioned.Position()
		return fmt.Sprintf(" in line %d", row)
	}
	if line := regexp.MustCompile(`line \d+`).FindString(err.Error()); line != "" {
		return " in " + line
	}
	return ""
}

func (r *fileReader) top(settings map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		switch key {
		case "sites":
			r.sites(settings[key])
		case "fields":
			r.content.fields = r.mapping(key, settings[key])
		default:
			r.set(key, "", key, settings[key], r.global)
		}
	}
}

func (r *fileReader) sites(val any) {
	entries, ok := val.([]any)
	if !ok {
		r.findings.problem("sites", "is no list", "write each site as an entry that starts with a dash (YAML) or [[sites]] (TOML)")
		return
	}
	r.content.entries = len(entries)
	for i, entry := range entries {
		where := fmt.Sprintf("sites entry %d", i+1)
		settings, ok := entry.(map[string]any)
		if !ok {
			r.findings.problem(where, "is no group of settings", "write name: value lines")
			continue
		}
		r.siteEntry(i+1, where, settings)
	}
}

func (r *fileReader) siteEntry(n int, where string, settings map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		at := where + ": " + key
		switch key {
		case "fields":
			r.content.siteFields[n] = r.mapping(at, settings[key])
		case "payments":
			products, ok := settings[key].([]any)
			if !ok {
				r.findings.problem(at, "is no list", "write each product as an entry of a list")
			}
			r.content.sitePayments[n] = products
		default:
			r.set(at, sitePrefix(n), key, settings[key], r.site)
		}
	}
}

func (r *fileReader) mapping(where string, val any) map[string]any {
	m, ok := val.(map[string]any)
	if !ok && val != nil {
		r.findings.problem(where, "is no mapping", "write fact: field name lines")
	}
	return m
}

func (r *fileReader) set(where, prefix, key string, val any, table map[string]Setting) {
	full := prefix + strings.ToUpper(key)
	n, ok := r.parse(full)
	if _, rest, ofSite := cutSiteDigits(full); ofSite && prefix == "" {
		r.findings.problem(where, "is in "+r.content.origin+", where sites are a list",
			"write it as "+strings.ToLower(rest)+" in an entry of sites")
		return
	}
	if !ok {
		r.findings.problem(where, "is in "+r.content.origin+", but there is no such setting",
			strings.ToLower(suggest("", strings.ToUpper(key), table)))
		return
	}
	text, ok := plain(n, val)
	if !ok {
		r.findings.problem(where, "cannot be read as it is written in "+r.content.origin, howToWrite(n))
		return
	}
	r.content.values[full] = text
}

// plain is a value as the environment would spell it. Numbers and truths that
// stand where a text belongs are refused: 007 and 1e9 are no longer what was
// written.
func plain(n name, val any) (string, bool) {
	kind := n.setting.kind
	switch val := val.(type) {
	case nil:
		return "", true
	case string:
		return val, true
	case bool:
		return fmt.Sprint(val), kind == truth && !n.isPath
	case int, int64, uint64:
		return fmt.Sprint(val), !n.isPath && (kind == number || (kind == duration && fmt.Sprint(val) == "0"))
	case float64:
		return fmt.Sprint(val), kind == number && !n.isPath
	case []any:
		return joined(val, kind == list && !n.isPath)
	}
	return "", false
}

func joined(vals []any, ok bool) (string, bool) {
	texts := make([]string, len(vals))
	for i, val := range vals {
		text, isText := val.(string)
		ok = ok && isText && !strings.Contains(text, ",")
		texts[i] = text
	}
	return strings.Join(texts, ","), ok
}

func howToWrite(n name) string {
	switch {
	case n.isPath, n.setting.kind == text:
		return `write it in quotes: "…"`
	case n.setting.kind == duration:
		return `write it in quotes with a unit, like "15m" or "90d"`
	case n.setting.kind == list:
		return `write a list of texts in quotes, or one text with commas`
	case n.setting.kind == truth:
		return "write true or false"
	}
	return "write a number"
}
