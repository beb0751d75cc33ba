package inspect_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/platform/inspect"
)

func request(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestServes(t *testing.T) {
	const page, figures = "text/html; charset=utf-8", "application/json"
	mux := http.NewServeMux()
	mux.Handle("/debug/heirloom/", new(inspect.Page))
	mux.Handle("/stripped/", http.StripPrefix("/stripped", new(inspect.Page)))
	for _, c := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/debug/heirloom/", 200, page},
		{"HEAD", "/debug/heirloom/", 200, page},
		{"GET", "/debug/heirloom/figures.json", 200, figures},
		{"HEAD", "/debug/heirloom/figures.json", 200, figures},
		{"GET", "/stripped/", 200, page},
		{"GET", "/stripped/figures.json", 200, figures},
		{"GET", "/debug/heirloom/other", 404, "text/plain; charset=utf-8"},
		{"GET", "/debug/heirloom/figures.json/more", 404, "text/plain; charset=utf-8"},
		{"POST", "/debug/heirloom/", 405, "text/plain; charset=utf-8"},
		{"DELETE", "/debug/heirloom/figures.json", 405, "text/plain; charset=utf-8"},
	} {
		t.Run(c.method+c.path, func(t *testing.T) {
			w := request(mux, c.method, c.path)
			h := w.Result().Header
			if w.Code != c.status || h.Get("Content-Type") != c.kind {
				t.Errorf("status %d with %q, want %d with %q", w.Code, h.Get("Content-Type"), c.status, c.kind)
			}
			if (w.Body.Len() == 0) != (c.method == "HEAD") {
				t.Errorf("a body of %d bytes", w.Body.Len())
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options":       "nosniff",
				"Cache-Control":                "no-store",
				"Cross-Origin-Resource-Policy": "same-origin",
			} {
				if got := h.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if got := h.Get("Allow"); (got == "GET, HEAD") != (c.status == 405) {
				t.Errorf("Allow is %q", got)
			}
		})
	}
}

// TestNothingFromOutside looks for what the page would load, and for what its policy
// would forbid. That the policy lets the script and the style in is seen in a browser.
func TestNothingFromOutside(t *testing.T) {
	w := request(new(inspect.Page), "GET", "/")
	policy := w.Result().Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "connect-src 'self'", "frame-ancestors 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q has no %q", policy, want)
		}
	}
	html := w.Body.String()
	for _, outside := range []string{" src=", "@import", "url(", " style=", " onclick=", "<link rel=\"stylesheet\"", "innerHTML"} {
		if strings.Contains(html, outside) {
			t.Errorf("the page has %q", outside)
		}
	}
	for _, element := range []string{"<script", "<style"} {
		if n := strings.Count(html, element); n != 1 {
			t.Errorf("the page has %q %d times", element, n)
		}
	}
}

// reading is the part of the JSON that tests look at, and what tools may rely on.
type reading struct {
	Program struct {
		Name       string
		PID        int
		Started    string
		Go         string
		System     string
		Processors int
	}
	ElapsedNS int64 `json:"elapsed_ns"`
	Proactors []struct {
		Name   string
		Closed bool
		Stats  struct {
			Backend     string
			Conns       int64
			Handlers    int64
			Outstanding map[string]int64
		}
		Loop *struct {
			LatencyNS int64 `json:"latency_ns"`
			Waiting   bool
		}
		Allocator layer
	}
	Allocators []struct {
		Name      string
		Allocator layer
	}
}

type layer struct {
	Name      string
	Arguments []string
	Times     int
	Repeated  bool
	Counts    *struct{ Live, Peak, Total, Failures int64 }
	Requests  *int64
	PassedOn  *int64 `json:"passed_on"`
	Parents   []layer
}

func read(t testing.TB, page *inspect.Page) (r reading) {
	t.Helper()
	w := request(page, "GET", "/figures.json")
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != 200 {
		t.Fatalf("status %d, %v:\n%s", w.Code, err, w.Body)
	}
	return r
}
