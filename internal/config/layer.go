package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// value is what won for a name.
type value struct {
	text   string
	origin string // "the environment", ".env", …
	path   bool   // text is the path of a file that holds the value
	dir    string // what a relative path is relative to
}

// layer is one place where settings are found.
type layer struct {
	origin string
	dir    string
	values map[string]string // by name as it was set
}

// merge lets the first layer that names a setting win.
func (v vocabulary) merge(layers []layer, f *findings) map[string]value {
	merged := map[string]value{}
	for _, l := range layers {
		for full, val := range v.read(l, f) {
			if _, found := merged[full]; !found {
				merged[full] = val
			}
		}
	}
	return merged
}

// read takes the names of one layer apart and tells of those that are wrong.
func (v vocabulary) read(l layer, f *findings) map[string]value {
	values := map[string]value{}
	for _, set := range slices.Sorted(maps.Keys(l.values)) {
		n, ok := v.parse(set)
		if !ok {
			v.complain(set, l.origin, f)
			continue
		}
		other := values[n.full]
		if other.text != "" && l.values[set] != "" {
			f.problem(n.full, "both it and "+n.full+"_FILE are set in "+l.origin, "remove one of them")
			continue
		}
		if other.text == "" {
			values[n.full] = value{text: l.values[set], origin: l.origin, path: n.isPath, dir: l.dir}
		}
	}
	return values
}

// environment is the layer of the process's environment.
func environment(o Options) layer {
	l := layer{origin: "the environment", dir: o.Dir, values: map[string]string{}}
	for _, entry := range o.Environ {
		if k, val, ok := strings.Cut(entry, "="); ok && k != "" {
			l.values[k] = val
		}
	}
	return l
}

// flagLayer holds the flags that were given, by the setting they stand for.
func flagLayer(o Options) layer {
	return layer{origin: "the flags", dir: o.Dir, values: o.Flags}
}

// siteNumbers returns the sites of which anything is set, and those that the
// file lists, in order.
func siteNumbers(values map[string]value, listed int) []int {
	numbers := map[int]bool{}
	for n := range listed {
		numbers[n+1] = true
	}
	for full, val := range values {
		if n, _, ok := cutSite(full); ok && val.text != "" {
			numbers[n] = true
		}
	}
	return slices.SortedFunc(maps.Keys(numbers), cmp.Compare)
}
