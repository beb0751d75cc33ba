package platform_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// The table of SYSTEMS.md, which says what works where, is compared here with what does.

// columns are the heads of the table's columns. The last but one is that of package net on
// the systems that are a unix.
var columns = []string{"io_uring", "epoll", "kqueue", "iocp", "portable", "portable, Windows", "sim"}

// What is in the cells.
const (
	isRun      = "run"            // the tests run it
	underWine  = "run under Wine" // the same, for Windows
	isCompiled = "compiled"       // there, and not run by us
	isNot      = "–"              // not there: errors.ErrUnsupported
)

// columnOf returns the column of a backend on this system, and what is in the cells of
// what works there.
func columnOf(backend string) (column, works string) {
	switch {
	case backend == "portable" && runtime.GOOS == "windows":
		return "portable, Windows", underWine
	case backend == "iocp":
		return backend, underWine
	case backend == "fake-kqueue":
		return "kqueue", isCompiled
	}
	return backend, isRun
}

// cell returns what is to be in the cell of what has failed with err, or has not.
func cell(err error, works string) string {
	switch {
	case err == nil:
		return works
	case errors.Is(err, errors.ErrUnsupported):
		return isNot
	case works == underWine: // Wine does not have it
		return isCompiled
	}
	return err.Error()
}

// madeHere is whether this is one of the systems that the table tells of: Linux, and Wine.
var madeHere = runtime.GOOS == "linux"

// TestSystems compares the columns of the backends that there are here.
func TestSystems(t *testing.T) {
	if !madeHere {
		t.Skip("the table is made on Linux, and under Wine")
	}
	text, err := os.ReadFile("SYSTEMS.md")
	if err != nil {
		t.Fatal(err)
	}
	table := rowsOf(string(text))
	var wrong []string
	check := func(t *testing.T, w *world) {
		column, works := columnOf(w.backend)
		at := slices.Index(columns, column)
		if at < 0 {
			t.Fatalf("the table has no column for %s", column)
		}
		for i, a := range abilities {
			if i == len(table) {
				table = append(table, make([]string, len(columns)))
			}
			want := cell(a.try(w), works)
			if column == "kqueue" && (a.name == packetInfo || a.name == notCopied) { // the fake one has what Linux has
				want = isNot
			}
			if got := table[i][at]; got != want {
				wrong = append(wrong, fmt.Sprintf("%s, %s: SYSTEMS.md says %q, and it is %q", a.name, column, got, want))
				table[i][at] = want
			}
		}
	}
	for _, m := range systems() {
		t.Run(m.String(), func(t *testing.T) { check(t, m.open(t)) })
	}
	if runtime.GOOS == "linux" { // a simulation has what the system has that it runs on
		t.Run("sim", func(t *testing.T) { check(t, simulated(t)) })
	}
	if len(wrong) > 0 || len(table) != len(abilities) {
		t.Errorf("%s\nthe table is to be:\n%s", strings.Join(wrong, "\n"), textOf(table))
	}
}

// systems are modes of which each backend has one.
func systems() (some []mode) {
	for _, m := range modes() {
		if m.runners == 0 && m.receive == "" {
			some = append(some, m)
		}
	}
	return some
}

// head is the first line of the table.
var head = "| | " + strings.Join(columns, " | ") + " |"

// rowsOf returns the cells of the table in a text, without the names of the rows.
func rowsOf(text string) (rows [][]string) {
	_, text, _ = strings.Cut(text, head+"\n")
	_, text, _ = strings.Cut(text, "\n")
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| ") {
			break
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if i := len(rows); i >= len(abilities) || cells[0] != abilities[i].name || len(cells) != len(columns)+1 {
			return nil
		}
		rows = append(rows, cells[1:])
	}
	return rows
}

func textOf(rows [][]string) string {
	var b strings.Builder
	fmt.Fprintln(&b, head)
	fmt.Fprintln(&b, strings.Repeat("|---", len(columns)+1)+"|")
	for i, row := range rows {
		fmt.Fprintf(&b, "| %s | %s |\n", abilities[i].name, strings.Join(row, " | "))
	}
	return b.String()
}
