package inspect

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed page.html
var html string

// policy lets the page have its own style and script, ask where it came from for
// figures, and nothing else.
var policy = strings.Join([]string{
	"default-src 'none'",
	"script-src '" + hashOf("script") + "'",
	"style-src '" + hashOf("style") + "'",
	"connect-src 'self'",
	"img-src data:",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'self'",
}, "; ")

// hashOf returns the hash of the only element of the page with that name.
func hashOf(element string) string {
	_, after, _ := strings.Cut(html, "<"+element+">")
	text, _, ok := strings.Cut(after, "</"+element+">")
	if !ok {
		panic("inspect: the page has no " + element)
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// ServeHTTP serves the page at a path that ends in a slash, and its figures as JSON at
// figures.json below it. It answers GET and HEAD.
func (g *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	_, last := path.Split(r.URL.Path)
	switch {
	case last != "" && last != "figures.json":
		http.Error(w, "Not found. The page is at a path that ends in a slash, and figures.json below it.", http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET and HEAD are allowed.", http.StatusMethodNotAllowed)
	case last == "":
		h.Set("Content-Security-Policy", policy)
		send(w, r, "text/html; charset=utf-8", []byte(html))
	default:
		text, err := json.Marshal(g.read(r.Context()))
		if err != nil {
			panic(err) // structs of integers and strings
		}
		send(w, r, "application/json", append(text, '\n'))
	}
}

func send(w http.ResponseWriter, r *http.Request, kind string, text []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	if r.Method != http.MethodHead {
		w.Write(text) // an error is the reader's, who has gone
	}
}
