package chains

import (
	"errors"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestReadingAFailure makes the failure that the doc of this package explains, and says that
// what it quotes is what is printed, but for addresses, sizes and times.
func TestReadingAFailure(t *testing.T) {
	program := Program{
		Links: []Link{{Network: "tcp"}},
		Chains: []Chain{
			{Name: "client", Steps: []Step{
				{Kind: "connect"}, {Kind: "write full", Size: 64}, {Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
			{Name: "server", Cancels: true, Steps: []Step{
				{Kind: "accept"}, {Kind: "read full", Size: 64, Cancel: CancelSlot}, {Kind: "shut"}, {Kind: "end"}, {Kind: "close"},
			}},
		},
	}
	late := releaseLate(func(err error) bool { return errors.Is(err, ops.ErrCanceled) })
	report, err := RunSimulated(program, sim.Calm, In(sim.Weather{}), Wrapping(late))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(blanked(report.String()), blanked(quotedFailure(t))); diff != "" {
		t.Errorf("doc.go quotes something else (-printed +quoted):\n%s\nprinted is\n%s", diff, report)
	}
}

// TestReadingAToken says that the doc's example of a token is of the kind that tests print.
func TestReadingAToken(t *testing.T) {
	if _, shown, _ := strings.Cut(readingAFailure(t), "chains.Replay(\""); !strings.HasPrefix(shown, programSign) {
		t.Errorf("the token in doc.go does not begin with %s: %.20s", programSign, shown)
	}
}

// readingAFailure returns the doc of this package from its section about that on.
func readingAFailure(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(file.Doc.Text(), "# Reading a failure\n")
	if !found {
		t.Fatal("doc.go has no such section")
	}
	return section
}

// quotedFailure returns the first block of code in the doc's section about reading a failure. A
// line that is indented further there than the first goes on with the line before.
func quotedFailure(t *testing.T) string {
	t.Helper()
	var quoted []string
	for line := range strings.Lines(readingAFailure(t)) {
		line = strings.TrimRight(line, "\n")
		code, indented := strings.CutPrefix(line, "\t")
		switch {
		case !indented && line != "" && len(quoted) > 0:
			return strings.TrimSpace(strings.Join(quoted, "\n"))
		case !indented && len(quoted) == 0:
		case strings.HasPrefix(code, "\t"):
			quoted[len(quoted)-1] += " " + strings.TrimPrefix(code, "\t")
		default:
			quoted = append(quoted, code)
		}
	}
	t.Fatal("nothing is quoted, or nothing explained")
	return ""
}

// blanked returns a report without what differs from run to run and from system to system.
func blanked(report string) string {
	for _, differs := range []struct{ what, with string }{
		{`0x[0-9a-f]+`, "0x…"},
		{`\b[0-9]+ bytes`, "… bytes"},
		{`[0-9]+\.[0-9]+ ms *`, "… ms "},
		{`(?m) +$`, ""},
	} {
		report = regexp.MustCompile(differs.what).ReplaceAllString(report, differs.with)
	}
	return strings.TrimSpace(report)
}
