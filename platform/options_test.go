package platform_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/platform"
)

// An optionRow is a row of the table of options in the documentation.
type optionRow struct {
	field, method, byDefault string
	systems                  map[string]string // by GOOS
}

// documentedOptions reads the table.
func documentedOptions(t *testing.T) (rows []optionRow) {
	t.Helper()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(doc), "//\tfield        method")
	if !ok {
		t.Fatal("doc.go has no table of options")
	}
	_, table, _ = strings.Cut(table, "\n")
	columns := regexp.MustCompile(`\s{2,}`)
	for line := range strings.Lines(table) {
		row, ok := strings.CutPrefix(strings.TrimSpace(line), "//\t")
		if !ok {
			break
		}
		cells := columns.Split(row, -1)
		if len(cells) != 7 {
			t.Fatalf("%q has %d columns, want 7", row, len(cells))
		}
		rows = append(rows, optionRow{cells[0], cells[1], cells[2], map[string]string{
			"linux": cells[3], "freebsd": cells[4], "darwin": cells[5], "windows": cells[6],
		}})
	}
	return rows
}

// TestOptionTable checks that the table in the documentation has all the options that
// there are in code, and no other.
func TestOptionTable(t *testing.T) {
	var fields, methods []string
	for _, row := range documentedOptions(t) {
		if row.field != "-" {
			fields = append(fields, row.field)
		}
		if row.method != "-" {
			methods = append(methods, row.method)
		}
	}
	var want []string
	for _, of := range []reflect.Type{reflect.TypeFor[platform.SocketOptions](), reflect.TypeFor[platform.ListenConfig]()} {
		for i := range of.NumField() {
			if f := of.Field(i); !f.Anonymous {
				want = append(want, f.Name)
			}
		}
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields in the table (-code +table):\n%s", diff)
	}

	setters := map[string]bool{}
	for _, of := range []reflect.Type{reflect.TypeFor[*platform.Conn](), reflect.TypeFor[*platform.Listener]()} {
		for i := range of.NumMethod() {
			if name := of.Method(i).Name; strings.HasPrefix(name, "Set") && !strings.HasSuffix(name, "Deadline") || name == "SyscallConn" {
				setters[name] = true
			}
		}
	}
	for _, m := range methods {
		if !setters[m] {
			t.Errorf("no socket has the method %s of the table", m)
		}
	}
	for m := range setters {
		if !strings.Contains(strings.Join(methods, " "), m) {
			t.Errorf("the method %s is not in the table", m)
		}
	}
}

// TestOptionSystems asks for each option of a listener here, and compares what comes
// of it with the table.
func TestOptionSystems(t *testing.T) {
	configs := map[string]platform.ListenConfig{
		"Backlog":   {Backlog: 5},
		"ReusePort": {ReusePort: true},
		"Mode":      {Mode: 0o600},
	}
	each(t, func(t *testing.T, w *world) {
		for _, row := range documentedOptions(t) {
			config, ok := configs[row.field]
			supported, known := row.systems[runtime.GOOS]
			if !ok || !known {
				continue
			}
			network, address := "tcp", "127.0.0.1:0"
			if row.field == "Mode" {
				network, address = "unix", filepath.Join(t.TempDir(), "s")
			}
			l, err := config.Listen(w.Proactor, network, address)
			if got := !errors.Is(err, errors.ErrUnsupported); got != (supported == "yes") || got && err != nil {
				t.Errorf("%s: %v, and the table says %s", row.field, err, supported)
			}
			if err == nil {
				l.Close()
			}
		}
	})
}

// TestListenGroup has the listeners of a group have options.
func TestListenGroup(t *testing.T) {
	g, err := platform.NewGroup(2)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := (platform.ListenConfig{Backlog: -1}).ListenGroup(g, "tcp", "127.0.0.1:0"); !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a negative backlog: %v", err)
	}
	all, err := platform.ListenConfig{SocketOptions: platform.SocketOptions{ReadBuffer: 20_000}}.ListenGroup(g, "tcp", "127.0.0.1:0")
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil || len(all) != 2 || all[0].Addr().String() != all[1].Addr().String() {
		t.Fatalf("%d listeners, %v", len(all), err)
	}
}
