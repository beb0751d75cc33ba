//go:build unix

package inspect_test

import (
	"bytes"
	"context"
	"fmt"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/inspect"
)

// watch has an echo server and its clients run until the test ends, and the browser show the
// page about it, which the server has.
func (b *browser) watch(t *testing.T, page *inspect.Page, clients, width int) (*program, *httptest.Server) {
	args := os.Args[0]
	os.Args[0] = "echo" // the title of the page
	t.Cleanup(func() { os.Args[0] = args })
	p := open(t, platform.SingleRunner())
	echo := &program{proactor: p, buffers: compose()}
	page.AddProactor("server", p)
	page.AddAllocator("buffers", echo.buffers)
	echo.listen(t, clients)
	hold := p.Hold()
	var run sync.WaitGroup
	t.Cleanup(run.Wait)
	t.Cleanup(func() { p.Close() })
	t.Cleanup(hold.Release)
	run.Go(func() { p.Run(context.Background()) })
	mux := http.NewServeMux()
	mux.Handle("/debug/heirloom/", page)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	b.look("light", width, 900)
	b.call("Page.navigate", map[string]any{"url": server.URL + "/debug/heirloom/"}, nil)
	b.await(`document.readyState === "complete" && document.querySelector("#status").textContent === "live"`)
	return echo, server
}

// TestBrowser opens the page of a running program in a browser, light and dark, looks
// that its figures follow the program, and uses what is there to be clicked. The
// pictures are artifacts of the test (go test -artifacts).
func TestBrowser(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*late)
	defer cancel()
	b := openBrowser(ctx, t)

	var page inspect.Page
	page.AddAllocator("sessions", combinators.NewThreadSafe(combinators.NewSlab[talk](allocator.Heap[talk]{}, 1000)))
	echo, server := b.watch(t, &page, 12, 1280)
	p := echo.proactor
	const card = `document.querySelector('[data-name="server"]')`
	b.await(card + `.querySelector(".brief").textContent.includes("24 connections")`) // both ends are here
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			b.look(scheme, 1280, 900)
			requests := `document.querySelector('[data-name="buffers"] tbody td:nth-child(4)').textContent`
			var before string
			b.evaluate(requests, &before)
			b.await(fmt.Sprintf("%s !== %q", requests, before))
			b.await(`[...document.querySelectorAll("figure path.line")].length >= 6`)
			save(t, scheme+".png", b.picture(true), scheme == "dark")
		})
	}
	t.Run("phone", func(t *testing.T) {
		b.look("light", 390, 844)
		b.await(`innerWidth === 390 && document.querySelector("figure svg").clientWidth < 380`)
		var width int
		b.evaluate("document.documentElement.scrollWidth", &width)
		if width > 390 {
			t.Errorf("the page is %d pixels wide, on a window of 390", width)
		}
		save(t, "phone.png", b.picture(true), false)
		b.look("light", 1280, 900)
	})
	t.Run("point", func(t *testing.T) {
		now := `document.querySelector("figure .now").textContent`
		b.point("mouseMoved", "figure svg")
		b.await(now + `.endsWith(" ago")`)
		b.point("mouseMoved", "h1")
		b.await(`!` + now + `.endsWith(" ago")`)
		b.click("figure svg") // the focus, for the keyboard
		b.point("mouseMoved", "h1")
		b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "ArrowLeft"}, nil)
		b.await(now + `.endsWith(" ago")`)
	})
	t.Run("fold", func(t *testing.T) {
		shown := `document.querySelectorAll('[data-name="buffers"] tbody tr:not([hidden])').length`
		var all int
		b.evaluate(shown, &all)
		if all != 11 {
			t.Errorf("the tree has %d layers, want 11", all)
		}
		b.click(`[data-name="buffers"] tbody tr:nth-child(2) .fold`)
		b.await(shown + " === 2")
		b.click(`[data-name="buffers"] tbody tr:nth-child(2) .fold`)
		b.await(shown + " === 11")
	})
	t.Run("details", func(t *testing.T) {
		b.click(`[data-name="server"] .more summary`)
		b.await(card + `.querySelector("dl").innerText.includes("outstanding: wait")`)
		b.click(`[data-name="server"] > summary`)
		b.await(`!` + card + `.open`)
		b.click(`[data-name="server"] > summary`)
		b.await(card + `.open`)
	})
	t.Run("pause", func(t *testing.T) {
		b.click("#pause")
		b.await(`document.querySelector("#status").textContent === "paused"`)
		b.click("#pause")
		b.await(`document.querySelector("#status").textContent === "live"`)
	})
	t.Run("slow", func(t *testing.T) {
		entered, leave := make(chan struct{}), make(chan struct{})
		ops.Post(p, ops.HandlerFunc(func(int, error) { close(entered); <-leave }))
		<-entered
		defer func() {
			close(leave)
			b.await(card + `.querySelector(".notice").hidden`)
			b.await(card + `.querySelector(".badge.alarm").hidden`)
		}()
		b.await(card + `.querySelector(".notice").checkVisibility()`)
		b.await(card + `.querySelector(".badge.alarm").textContent.startsWith("no answer for ")`)
	})
	t.Run("added and removed", func(t *testing.T) {
		page.AddAllocator("<b>late & odd</b>", allocator.Null[int]{})
		b.await(`[...document.querySelectorAll(".name")].some(e => e.textContent === "<b>late & odd</b>")`)
		page.Remove("<b>late & odd</b>")
		b.await(`document.querySelectorAll(".name").length === 3`)
	})
	t.Run("closed", func(t *testing.T) {
		p.Close()
		b.await(card + `.querySelector(".badge.alarm").textContent === "closed"`)
		var kept int // half an hour later
		b.evaluate(`{ const c = page.cards.get("proactor server"); c.update(c.samples.at(-1), page.end + 1800); c.samples.length }`, &kept)
		if kept != 0 {
			t.Errorf("%d figures are kept that nobody can see", kept)
		}
	})
	if problems := b.complaints(); len(problems) != 0 {
		t.Errorf("the page complains: %q", problems)
	}
	t.Run("gone", func(t *testing.T) {
		server.CloseClientConnections()
		server.Close()
		b.await(`document.querySelector("#status").textContent === "program gone"`)
		b.await(`document.querySelector("#notice").checkVisibility()`)
		save(t, "gone.png", b.picture(true), false)
		asks := `document.querySelector("#notice").textContent.includes("goes on asking")`
		b.await(asks)
		b.click("#pause")
		b.await("!" + asks)
	})
}

// save keeps a picture with the artifacts of the test, and fails if it has no more than
// one colour, or is dark where it is to be light.
func save(t *testing.T, name string, picture []byte, dark bool) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), picture, 0o644); err != nil {
		t.Fatal(err)
	}
	image, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	corner := color.GrayModel.Convert(image.At(2, 2)).(color.Gray).Y
	if (corner < 128) != dark {
		t.Errorf("%s has a background of brightness %d", name, corner)
	}
	colours := map[color.Color]bool{}
	for y := range image.Bounds().Dy() {
		for x := range image.Bounds().Dx() {
			colours[image.At(x, y)] = true
		}
	}
	if len(colours) < 16 {
		t.Errorf("%s has %d colours", name, len(colours))
	}
}
