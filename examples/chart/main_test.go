package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
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
