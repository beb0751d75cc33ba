//go:build unix

package inspect_test

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/inspect"
)

var pictures = flag.Duration("pictures", 0, "have TestPictures write light.png and dark.png, of a program that has run for this time")

// TestPictures writes light.png and dark.png anew, the pictures in README.md of this module.
// The charts of the page show five minutes, so the program runs for that time:
//
//	HEIRLOOM_BROWSER=required go test ./platform/inspect -run Pictures -pictures 5m -timeout 20m
//
// The files in the repository were reduced to 256 colours afterwards, which halves their size.
func TestPictures(t *testing.T) {
	if *pictures == 0 {
		t.Skip("the pictures are written with -pictures")
	}
	ctx, cancel := context.WithTimeout(context.Background(), *pictures+4*late)
	defer cancel()
	b := openBrowser(ctx, t)

	args := os.Args[0]
	os.Args[0] = "echo" // the title of the page
	defer func() { os.Args[0] = args }()
	p := open(t, platform.SingleRunner())
	echo := &program{proactor: p, buffers: compose()}
	var page inspect.Page
	page.AddProactor("server", p)
	page.AddAllocator("buffers", echo.buffers)
	echo.listen(t, 6)
	var run sync.WaitGroup
	defer run.Wait()
	defer p.Close()
	run.Go(func() { p.Run(context.Background()) })
	mux := http.NewServeMux()
	mux.Handle("/debug/heirloom/", &page)
	server := httptest.NewServer(mux)
	defer server.Close()

	b.look("light", 1120, 900)
	b.call("Page.navigate", map[string]any{"url": server.URL + "/debug/heirloom/"}, nil)
	b.await(`document.readyState === "complete" && document.querySelector("#status").textContent === "live"`)
	for _, change := range []func(){
		func() { echo.join(7) },
		func() { echo.join(7) },
		func() { echo.join(7) },
		func() { echo.leave(9) },
		func() {},
	} {
		select {
		case <-time.After(*pictures / 5): // what the page shows is time
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		}
		ops.Post(p, ops.HandlerFunc(func(int, error) { change() }))
	}
	for _, scheme := range []string{"light", "dark"} {
		b.look(scheme, 1120, 900)
		if err := os.WriteFile(scheme+".png", b.picture(true), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
