package config

import "strings"

// NearestSite is the name of the site that somebody may have meant by an unknown
// one: two edits away at most, or beginning like it. "" if there is none.
func (c *Config) NearestSite(unknown string) string {
	unknown = strings.ToLower(unknown)
	best, bestDistance := "", 3
	for _, s := range c.Sites {
		name := strings.ToLower(s.Name)
		d := edits(unknown, name)
		if unknown != "" && strings.HasPrefix(name, unknown) {
			d = min(d, 2)
		}
		if d < bestDistance && d < len(name) {
			best, bestDistance = s.Name, d
		}
	}
	return best
}
