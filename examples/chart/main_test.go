package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// chart runs the program on a text.
func chart(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(args, strings.NewReader(in), &out, io.Discard)
	return out.String(), err
}

// bench returns the sample of what go test -bench prints.
func bench(t *testing.T) string {
	t.Helper()
	return sample(t, "bench.txt")
}

func sample(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGolden(t *testing.T) {
	for _, c := range []struct {
		file, in string
		args     []string
	}{
		{"all.svg", "bench.txt", []string{"-title", "Lookups & <others>"}},
		{"order.svg", "bench.txt", []string{"-order", "input", "-own", "Ours", "-match", "Lookup/peer|Insert|Alone"}},
		{"lines.svg", "lines.txt", []string{"-lines", "-unit", "ns/msg", "-order", "input", "-own", "Ours"}}, // a gap, an early end, and a logarithmic axis
		{"match.svg", "bench.txt", []string{"-match", "^Lookup/(direct|interface)"}},                         // a broken bar; no peers, and so no legend
	} {
		t.Run(c.file, func(t *testing.T) {
			got, err := chart(t, sample(t, c.in), c.args...)
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", c.file)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
				t.Errorf("go test -update writes the image anew if this is wanted (-want +got):\n%s", diff)
			}
		})
	}
}

// An image is well-formed whatever the names are, and all of it lies within the
// 900 pixels.
func TestWellFormed(t *testing.T) {
	for name, in := range map[string]string{
		"markup":     "BenchmarkA/</text>&\" 1 1 ns/op\n",
		"not UTF-8":  "BenchmarkA/\xff\x01 1 1 ns/op\n",
		"zero":       "BenchmarkA 1 0 ns/op\n",
		"tiny":       "BenchmarkA 1 0.0000001 ns/op\n",
		"enormous":   "BenchmarkA 1 1e300 ns/op\n",
		"only peers": "BenchmarkA/peer=x 1 1 ns/op\nBenchmarkB/peer=x 1 2 ns/op\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, args := range [][]string{{"-title", "a\x00<b>"}, {"-lines"}} {
				got, err := chart(t, in, args...)
				if err != nil {
					t.Fatal(err)
				}
				d := xml.NewDecoder(strings.NewReader(got))
				for {
					if _, err := d.Token(); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						t.Fatalf("%v in\n%s", err, got)
					}
				}
				if strings.Contains(got, "NaN") || strings.Contains(got, `="-`) {
					t.Errorf("a coordinate that is none in\n%s", got)
				}
			}
		})
	}
}

// The axis includes the quartiles of every bar, unless one is broken because it is far longer
// than the others. It includes those of every point of a line.
func TestQuartilesOnAxis(t *testing.T) {
	spread := func(name string, values ...int) (in string) {
		for _, v := range values {
			in += fmt.Sprintf("Benchmark%s 1 %d ns/op\n", name, v)
		}
		return in
	}
	ticks := regexp.MustCompile(`<text class="small faint (?:middle|end)" .*>(.* ns)</text>`)
	for _, c := range []struct {
		name, in   string
		lines      bool
		begin, end string // of the axis
		broken     bool
	}{
		{"longest", spread("A", 100) + spread("B", 200, 550, 600, 720, 800), false, "0 ns", "800 ns", false},
		{"not the longest", spread("A", 500) + spread("B", 200, 300, 400, 950, 1000), false, "0 ns", "1000 ns", false},
		{"a value beyond the quartile", spread("A", 100) + spread("B", 200, 210, 220, 230, 5000), false, "0 ns", "250 ns", false},
		{"broken", spread("A", 100) + spread("B", 100, 150, 2500, 8000, 9000), false, "0 ns", "100 ns", true},
		{"the quartile of another reaches far", spread("A", 80, 90, 100, 400, 500) + spread("B", 100, 150, 2500, 8000, 9000), false, "0 ns", "8000 ns", false},
		{"alone", spread("B", 1, 2, 3, 17, 18), false, "0 ns", "20 ns", false},
		{"lines", spread("A/x", 100, 190, 200, 290, 300) + spread("B/x", 150), true, "0 ns", "300 ns", false},
		{"logarithmic lines", spread("A/x", 700, 800, 1000, 4000, 9000) + spread("B/x", 8, 9, 20, 22, 23), true, "5 ns", "5000 ns", false},
		{"lines from zero", spread("A/x", 100) + spread("B/x", 0, 0, 3, 4, 5), true, "0 ns", "100 ns", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var args []string
			if c.lines {
				args = []string{"-lines"}
			}
			got, err := chart(t, c.in, args...)
			if err != nil {
				t.Fatal(err)
			}
			axis := ticks.FindAllStringSubmatch(got, -1)
			if len(axis) < 2 {
				t.Fatalf("there is no axis in\n%s", got)
			}
			if begin, end := axis[0][1], axis[len(axis)-1][1]; begin != c.begin || end != c.end {
				t.Errorf("an axis from %s to %s, want one from %s to %s", begin, end, c.begin, c.end)
			}
			if broken := strings.Contains(got, `<path class="paper"`); broken != c.broken {
				t.Errorf("a broken bar: %t, want %t", broken, c.broken)
			}
		})
	}
}

// A tooltip counts one run as such.
func TestOneRun(t *testing.T) {
	got, err := chart(t, "BenchmarkA 1 5 ns/op\nBenchmarkB 1 5 ns/op\nBenchmarkB 1 5 ns/op\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>A, 1 run: ", "<title>B, 2 runs: "} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
}

func TestBadInput(t *testing.T) {
	const good = "BenchmarkA-2 100 5.0 ns/op\n"
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", "the input is empty; it should be what go test -bench prints"},
		{"no benchmark", "PASS\nok  \tp\t0.1s\n", "no benchmark in the input; it should be what go test -bench prints"},
		{"names alone", "BenchmarkA\n", "no benchmark in the input; it should be what go test -bench prints"},
		{"iterations", good + "BenchmarkA-2 many 5.0 ns/op\n", `line 2: BenchmarkA-2: "many" is not a number of iterations`},
		{"no iterations", "BenchmarkA-2 0 5.0 ns/op\n", `line 1: BenchmarkA-2: "0" is not a number of iterations`},
		{"cut short", good + "BenchmarkA-2 100 5.0\n", "line 2: BenchmarkA-2: a value without a unit: 5.0"},
		{"cut shorter", "BenchmarkA-2 100\n", "line 1: BenchmarkA-2: no value in ns/op"},
		{"no number", "BenchmarkA-2 100 fast ns/op\n", `line 1: BenchmarkA-2: "fast" is not a number of ns/op`},
		{"not a number", "BenchmarkA-2 100 NaN ns/op\n", `line 1: BenchmarkA-2: "NaN" is not a number of ns/op`},
		{"infinite", "BenchmarkA-2 100 +Inf ns/op\n", `line 1: BenchmarkA-2: "+Inf" is not a number of ns/op`},
		{"negative", "BenchmarkA-2 100 -1 ns/op\n", `line 1: BenchmarkA-2: "-1" is not a number of ns/op`},
		{"other unit", "BenchmarkA-2 100 5.0 MB/s\n", "line 1: BenchmarkA-2: no value in ns/op"},
		{"failed benchmark", good + "--- FAIL: BenchmarkB\n", "line 2: the run failed: --- FAIL: BenchmarkB"},
		{"failed build", good + "FAIL\tp [build failed]\n", "line 2: the run failed: FAIL\tp [build failed]"},
		{"long line", good + strings.Repeat("x", 1<<17), "line 2: bufio.Scanner: token too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := chart(t, c.in)
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if out != "" {
				t.Errorf("written all the same:\n%s", out)
			}
		})
	}
}

func TestBadArguments(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"bench.txt"}, `unexpected argument "bench.txt": results are read from standard input`},
		{[]string{"-match", "("}, "-match: error parsing regexp: missing closing ): `(`"},
		{[]string{"-match", "^Benchmark"}, "none of 7 benchmarks matches ^Benchmark"},
		{[]string{"-order", "name"}, `-order: "name" is neither value nor input`},
		{[]string{"-unit", "B/s"}, "line 7: BenchmarkLookup/interface-8: no value in B/s"},
		{[]string{"-colour"}, "flag provided but not defined: -colour"},
	} {
		if _, err := chart(t, bench(t), c.args...); err == nil || err.Error() != c.want {
			t.Errorf("%q: error %v, want %s", c.args, err, c.want)
		}
	}
}

// A file that is there stays as it is when there is nothing to draw.
func TestOutputFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.svg")
	if out, err := chart(t, bench(t), "-o", file); err != nil || out != "" {
		t.Fatalf("error %v, and on standard output %q", err, out)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chart(t, "", "-o", file); err == nil {
		t.Fatal("no error for empty input")
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(before, []byte("<svg ")) || !bytes.Equal(before, after) {
		t.Errorf("the file was\n%s\nand is\n%s", before, after)
	}
}
