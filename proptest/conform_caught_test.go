package proptest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// names reports whether a message begins with one of the properties.
func names(message string, properties ...Property) bool {
	return slices.ContainsFunc(properties, func(p Property) bool { return strings.HasPrefix(message, p.String()+":") })
}

// briefly is how long a program of a planted fault is made smaller.
const briefly = "30ms"

// caught runs a property that has to fail and returns with which message, and
// how many checks passed before.
func caught(t *testing.T, body func(*rapid.T), shrink string) (message string, checks int, text string) {
	t.Helper()
	testflag.Set(t, "rapid.checks", "10000") // so many that none is missed, also with -short
	testflag.Set(t, "rapid.nofailfile", "true")
	testflag.Set(t, "rapid.shrinktime", shrink)
	before := minimizeFor
	defer func() { minimizeFor = before }()
	minimizeFor, _ = time.ParseDuration(shrink)
	r := &recorder{name: t.Name()}
	func() {
		defer func() {
			if p := recover(); p != nil && p != errStopped {
				panic(p)
			}
		}()
		rapid.Check(r, body)
	}()
	text = r.text.String()
	if found := failedAfter.FindStringSubmatch(text); found != nil {
		checks, _ = strconv.Atoi(found[1])
		return found[2], checks, text
	}
	if found := flaky.FindStringSubmatch(text); found != nil {
		return found[1], 0, text
	}
	if r.failed {
		t.Fatalf("no message in %s", text)
	}
	t.Fatal("not found")
	return "", 0, text
}

var (
	failedAfter = regexp.MustCompile(`\[rapid\] (?:failed|panic) after (\d+) tests: (.*)`)
	flaky       = regexp.MustCompile(`Original traceback \((.*)`)
	errStopped  = errors.New("the recorded test stopped")
)

// A recorder is a test that may fail.
type recorder struct {
	name   string
	text   strings.Builder
	failed bool
}

func (r *recorder) Helper()      {}
func (r *recorder) Name() string { return r.name }
func (r *recorder) Failed() bool { return r.failed }
func (r *recorder) Fail()        { r.failed = true }
func (r *recorder) FailNow()     { r.failed = true; panic(errStopped) }
func (r *recorder) SkipNow()     { panic(errStopped) }
func (r *recorder) Log(args ...any) {
	fmt.Fprintln(&r.text, args...)
}
func (r *recorder) Logf(format string, args ...any)   { fmt.Fprintf(&r.text, format+"\n", args...) }
func (r *recorder) Error(args ...any)                 { r.Log(args...); r.Fail() }
func (r *recorder) Errorf(format string, args ...any) { r.Logf(format, args...); r.Fail() }
func (r *recorder) Fatal(args ...any)                 { r.Log(args...); r.FailNow() }
func (r *recorder) Fatalf(format string, args ...any) { r.Logf(format, args...); r.FailNow() }
func (r *recorder) Skip(args ...any)                  { r.Log(args...); r.SkipNow() }
func (r *recorder) Skipf(format string, args ...any)  { r.Logf(format, args...); r.SkipNow() }

// TestLeaked says that who keeps storage and has no Trim is told of it.
func TestLeaked(t *testing.T) {
	if text := leaked(2, false); !strings.Contains(text, "have 2 values back; ") || !strings.Contains(text, "Trim") {
		t.Error(text)
	}
	if text := leaked(2, true); !strings.HasSuffix(text, "have 2 values back") {
		t.Error(text)
	}
}
