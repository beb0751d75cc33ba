package chains

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of faults in testdata anew")

// keepTable compares a table of faults with the one in testdata, or writes that anew with
// -update. A table has a head of two rows, and a row for each fault. Not all of them need be
// there, as some cannot be tried everywhere. The sizes are compared if they are the same in
// each run: on a simulated platform, that is.
func keepTable(t *testing.T, name string, rows []string, faults int, sizes bool) {
	t.Helper()
	table := strings.Join(rows, "\n") + "\n"
	t.Logf("\n%s", table)
	file := filepath.Join("testdata", name)
	if *update && !t.Failed() {
		if len(rows) != 2+faults {
			t.Fatalf("%s is not written, as not all faults were tried", file)
		}
		if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range compareTables(strings.Split(strings.TrimSpace(string(kept)), "\n"), rows, len(rows) == 2+faults, sizes) {
		t.Errorf("%s: %s; -update writes it anew", file, wrong)
	}
}

// compareTables says what is wrong with a table that was kept. Of a fresh row it must have
// the columns of text. With sizes the last column, if that is a number, must not have become
// larger: it is how small a program becomes. The other numbers depend on which programs are drawn, and
// so change whenever there is something new to draw. If the fresh table is complete the kept
// one must not have other rows.
func compareTables(kept, fresh []string, complete, sizes bool) (wrong []string) {
	if !slices.Equal(kept[:2], fresh[:2]) {
		return []string{"its head is another one"}
	}
	before := make(map[string]int)
	for _, row := range kept[2:] {
		text, size := splitRow(fresh[1], row)
		before[text] = size
	}
	for _, row := range fresh[2:] {
		text, size := splitRow(fresh[1], row)
		was, known := before[text]
		switch {
		case !known:
			wrong = append(wrong, fmt.Sprintf("there is no row %q", text))
		case sizes && size > was:
			wrong = append(wrong, fmt.Sprintf("%q had %d steps when smaller, and has %d", text, was, size))
		}
		delete(before, text)
	}
	for text := range before {
		if complete {
			wrong = append(wrong, fmt.Sprintf("the row %q is of no fault", text))
		}
	}
	return wrong
}

// splitRow returns the columns of a row that are text, and the last column if that is a
// number. The second row of the head says which are numbers.
func splitRow(head, row string) (text string, size int) {
	var texts []string
	columns := strings.Split(strings.Trim(row, "|"), "|")
	for i, align := range strings.Split(strings.Trim(head, "|"), "|") {
		column := strings.TrimSpace(columns[i])
		if !strings.HasSuffix(align, ":") {
			texts = append(texts, column)
			continue
		}
		if i == len(columns)-1 {
			size, _ = strconv.Atoi(column)
		}
	}
	return strings.Join(texts, ": "), size
}

// TestCompareTables says which differences from the table that was kept count.
func TestCompareTables(t *testing.T) {
	head := []string{"| clause | fault | check | steps |", "|---|---|--:|--:|"}
	table := func(rows ...string) []string { return append(slices.Clone(head), rows...) }
	kept := table("| 1 A | one | 3 | 2 |", "| 2 B | two | 3 | 2 |")
	for _, test := range []struct {
		name     string
		fresh    []string
		complete bool
		anySize  bool
		want     string
	}{
		{"the same", kept, true, false, ""},
		{"another check, and smaller", table("| 1 A | one | 7 | 1 |", "| 2 B | two | 1 | 2 |"), true, false, ""},
		{"larger", table("| 1 A | one | 3 | 3 |"), false, false, "had 2 steps when smaller, and has 3"},
		{"larger by chance", table("| 1 A | one | 3 | 3 |"), false, true, ""},
		{"another clause", table("| 2 A | one | 3 | 2 |"), false, false, "there is no row"},
		{"a new fault", table("| 1 A | three | 3 | 2 |"), false, false, "there is no row"},
		{"not all were tried", table("| 1 A | one | 3 | 2 |"), false, false, ""},
		{"a fault is gone", table("| 1 A | one | 3 | 2 |"), true, false, "is of no fault"},
		{"another head", []string{"| fault |", "|---|"}, false, false, "head"},
	} {
		got := strings.Join(compareTables(kept, test.fresh, test.complete, !test.anySize), "; ")
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
