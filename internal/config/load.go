package config

import (
	"cmp"
	"slices"
	"strings"
)

// Options say where settings are looked for.
type Options struct {
	// ConfigFile is the path of --config; "" is none.
	ConfigFile string
	// Flags holds the settings that flags gave, by environment name: {"PORT": "8080"}.
	Flags map[string]string
	// Environ is the environment as os.Environ returns it.
	Environ []string
	// Dir is the working directory, where .env is and relative paths start.
	Dir string
}

// Load reads and checks the whole configuration. It opens no connection and
// resolves no name. The error is Problems, with every problem found.
func Load(o Options) (*Config, error) {
	f := &findings{}
	v := newVocabulary()
	file := v.file(o, f)
	layers := []layer{flagLayer(o), environment(o), v.credentials(o, f), dotenv(o, f), file.layer}
	checkRenames(layers, file.layer, f)
	values := v.merge(layers, f)
	reveal(values, f)

	cfg := build(reader{vocabulary: v, values: values, findings: f}, file, o)
	if len(f.problems) > 0 {
		slices.SortStableFunc(f.problems, func(a, b Problem) int { return compareKeys(a.Key, b.Key) })
		return nil, f.problems
	}
	cfg.Warnings = f.warnings
	return cfg, nil
}

// compareKeys puts what concerns everything before the sites, and sites by number.
func compareKeys(a, b string) int {
	na, resta, _ := cutSite(a)
	nb, restb, _ := cutSite(b)
	return cmp.Or(cmp.Compare(na, nb), cmp.Compare(resta, restb))
}

// checkRenames finds a site of the file that another place names differently:
// the two are two sites, and would be mixed into one.
func checkRenames(layers []layer, file layer, f *findings) {
	for key, inFile := range file.values {
		if _, rest, ok := cutSite(key); !ok || rest != "NAME" || inFile == "" {
			continue
		}
		for _, l := range layers {
			if other := l.values[key]; other != "" && other != inFile {
				f.problem(key, "is one name in "+l.origin+" and another in "+file.origin+", where the list's entries are numbered from 1",
					"give the site in "+l.origin+" a number that is free")
			}
		}
	}
}

func lookup(environ []string, key string) string {
	for _, entry := range slices.Backward(environ) {
		if val, ok := strings.CutPrefix(entry, key+"="); ok {
			return val
		}
	}
	return ""
}

// SiteNames returns the names of the configured sites, whatever else is wrong
// with the configuration: for completion, which must not stumble.
func SiteNames(o Options) []string {
	f := &findings{}
	v := newVocabulary()
	file := v.file(o, f)
	values := v.merge([]layer{environment(o), dotenv(o, f), file.layer}, f)
	var names []string
	for _, n := range siteNumbers(values, file.entries) {
		if name := strings.TrimSpace(values[sitePrefix(n)+"NAME"].text); name != "" {
			names = append(names, name)
		}
	}
	return names
}
