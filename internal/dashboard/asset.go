package dashboard

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file that pages load, under a name that changes with its content.
type asset struct {
	content []byte
	kind    string // media type
}

// assetPath is where a file of this content is served: app.css becomes
// app.HASH.css.
func assetPath(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext
}

// loadAssets reads all files by the names they are served under, and also notes
// under its own name where each went.
func loadAssets() map[string]asset {
	kinds := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}
	all := map[string]asset{}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, e := range entries {
		content, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err)
		}
		all[assetPath(e.Name(), content)] = asset{content: content, kind: kinds[path.Ext(e.Name())]}
	}
	return all
}

// assetURLs finds where files went, by their own names.
func assetURLs(assets map[string]asset) map[string]string {
	urls := map[string]string{}
	for name := range assets {
		stem, _, _ := strings.Cut(name, ".")
		urls[stem+path.Ext(name)] = Base + "/assets/" + name
	}
	return urls
}

// serveAsset needs no session: there is nothing in an asset that the source does
// not have.
func (d *Dashboard) serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := d.assets[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.content)
}

// Favicon is the picture of browsers' tabs, for /favicon.ico.
func Favicon() http.Handler {
	icon, err := assetFiles.ReadFile("assets/mark.svg")
	if err != nil {
		panic(err) // it is part of the program
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Cache-Control", "public, max-age=86400")
		_, _ = w.Write(icon)
	})
}
