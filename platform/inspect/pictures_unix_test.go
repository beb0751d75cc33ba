//go:build unix

package inspect_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
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

	var page inspect.Page
	echo, _ := b.watch(t, &page, 6, 1120)
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
		ops.Post(echo.proactor, ops.HandlerFunc(func(int, error) { change() }))
	}
	for _, scheme := range []string{"light", "dark"} {
		b.look(scheme, 1120, 900)
		if err := os.WriteFile(scheme+".png", b.picture(true), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
