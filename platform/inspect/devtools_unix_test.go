//go:build unix

package inspect_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A browser is a headless Chromium that is spoken to by Chrome's DevTools protocol, on
// a pair of pipes: messages of JSON, each with a NUL at its end. See
// https://chromedevtools.github.io/devtools-protocol/.
type browser struct {
	t       *testing.T
	ctx     context.Context
	out     *os.File
	session string

	mu       sync.Mutex
	last     int
	answers  map[int]chan answer
	problems []string // what the page has complained about
	err      error    // why there are no more answers
}

type answer struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// findBrowser returns the path of a Chromium. A browser takes long, so the test is skipped
// unless the environment variable HEIRLOOM_BROWSER says something. If that is "required",
// it fails where there is none.
func findBrowser(t *testing.T) string {
	t.Helper()
	if os.Getenv("HEIRLOOM_BROWSER") == "" {
		t.Skip("a browser takes seconds: see HEIRLOOM_BROWSER")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("HEIRLOOM_BROWSER") == "required" {
		t.Fatal("there is no Chromium, and HEIRLOOM_BROWSER says that it is required")
	}
	t.Skip("there is no Chromium here")
	return ""
}

// openBrowser starts a browser with an empty page. It ends with the test.
func openBrowser(ctx context.Context, t *testing.T) *browser {
	t.Helper()
	path := findBrowser(t)
	toChild, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	in, fromChild, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path,
		"--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--user-data-dir="+t.TempDir(),
		"--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--hide-scrollbars")
	command.ExtraFiles = []*os.File{toChild, fromChild} // its descriptors 3 and 4
	var log strings.Builder
	command.Stderr = &log
	err = command.Start()
	toChild.Close()
	fromChild.Close()
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, ctx: ctx, out: out, answers: map[int]chan answer{}}
	var reader sync.WaitGroup
	reader.Go(func() { b.read(in) })
	t.Cleanup(func() {
		out.Close() // a browser whose pipe is closed ends
		kill := time.AfterFunc(late, func() { command.Process.Kill() })
		err := command.Wait()
		kill.Stop()
		reader.Wait()
		in.Close()
		if t.Failed() {
			t.Logf("the browser has ended: %v\n%s", err, log.String())
		}
	})
	var target struct{ TargetID, SessionID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	b.session = target.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

// call calls a method of the protocol, and fails the test if that fails.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	if err := b.try(method, params, result); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
}

func (b *browser) try(method string, params, result any) error {
	answered := make(chan answer, 1)
	b.mu.Lock()
	b.last++
	id := b.last
	b.answers[id] = answered
	err := b.err
	b.mu.Unlock()
	if err != nil {
		return err
	}
	message := map[string]any{"id": id, "method": method, "params": params}
	if params == nil {
		message["params"] = map[string]any{}
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if _, err := b.out.Write(append(text, 0)); err != nil {
		return err
	}
	select {
	case a, ok := <-answered:
		switch {
		case !ok:
			return b.err
		case a.Error != nil:
			return errors.New(a.Error.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(a.Result, result)
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
}

// read hands out the answers until the browser has ended.
func (b *browser) read(in *os.File) {
	messages := bufio.NewReader(in)
	for {
		text, err := messages.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.err = fmt.Errorf("the browser does not answer: %w", err)
			for _, answered := range b.answers {
				close(answered)
			}
			return
		}
		var a answer
		if err := json.Unmarshal(text[:len(text)-1], &a); err != nil {
			b.complain(err.Error())
			continue
		}
		switch a.Method {
		case "":
			b.mu.Lock()
			b.answers[a.ID] <- a
			delete(b.answers, a.ID)
			b.mu.Unlock()
		case "Runtime.exceptionThrown", "Log.entryAdded":
			b.complain(string(a.Params))
		}
	}
}

func (b *browser) complain(problem string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, problem)
}

// complaints returns the errors of the script, and what the policy has forbidden.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.problems
}

// evaluate evaluates an expression in the page, waits for what it promises, and stores
// its value in result.
func (b *browser) evaluate(expression string, result any) {
	b.t.Helper()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &answer)
	if e := answer.ExceptionDetails; e != nil {
		b.t.Fatalf("%s: %s", expression, e.Exception.Description)
	}
	if result != nil {
		if err := json.Unmarshal(answer.Result.Value, result); err != nil {
			b.t.Fatalf("%s is %s: %v", expression, answer.Result.Value, err)
		}
	}
}

// await waits until a condition holds in the page.
func (b *browser) await(condition string) {
	b.t.Helper()
	b.evaluate("new Promise(done => { const look = () => { ("+condition+") ? done(true) : setTimeout(look, 20); }; look(); })", nil)
}

// click clicks in the middle of the element that a selector finds.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.point("mouseMoved", selector)
	b.point("mousePressed", selector)
	b.point("mouseReleased", selector)
}

func (b *browser) point(event, selector string) {
	b.t.Helper()
	var at struct{ X, Y float64 }
	b.evaluate(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center", behavior: "instant"}); const r = e.getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })()`, selector), &at)
	params := map[string]any{"type": event, "x": at.X, "y": at.Y}
	if event != "mouseMoved" {
		params["button"], params["clickCount"] = "left", 1
	}
	b.call("Input.dispatchMouseEvent", params, nil)
}

// look sets the size of the window, in pixels, and whether the user likes it "light" or
// "dark".
func (b *browser) look(scheme string, width, height int) {
	b.t.Helper()
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// picture returns what the window shows, as a PNG; the whole page if it is to be whole.
func (b *browser) picture(whole bool) []byte {
	b.t.Helper()
	var shot struct{ Data []byte }
	b.evaluate("scrollTo(0, 0)", nil)
	b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": whole}, &shot)
	return shot.Data
}
