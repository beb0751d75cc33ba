package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// An asioLayout is where Asio is in an include directory: standalone, or in Boost.
type asioLayout struct{ name, header, version, flag string }

var asioLayouts = []asioLayout{
	{"Boost.Asio", "boost/asio.hpp", "boost/asio/version.hpp", "-DUSE_BOOST"},
	{"Asio", "asio.hpp", "asio/version.hpp", "-DASIO_STANDALONE"},
}

// findAsio returns how Asio lies in an include directory.
func findAsio(dir string) (asioLayout, error) {
	for _, l := range asioLayouts {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(l.header))); err == nil {
			return l, nil
		}
	}
	return asioLayout{}, fmt.Errorf("there is neither asio.hpp nor boost/asio.hpp in %s", dir)
}

// asioVersion finds 1.30.2 in: #define ASIO_VERSION 103002 // 1.30.2
var asioVersion = regexp.MustCompile(`define (?:BOOST_)?ASIO_VERSION \d+ // (\S+)`)

// asioIn returns the server on the Asio of an include directory, which findAsio has found.
func asioIn(dir string) program {
	l, _ := findAsio(dir)
	version := "of " + filepath.Base(dir)
	if text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(l.version))); err == nil {
		if m := asioVersion.FindSubmatch(text); m != nil {
			version = string(m[1])
		}
	}
	return program{name: l.name + " " + version, source: "asio/echo.cpp", flags: []string{"-I" + dir, l.flag}}
}

// systemAsio returns the version of the Asio that the compiler finds by itself.
func systemAsio(ctx context.Context) (version string, ok bool) {
	c := exec.CommandContext(ctx, cppCompiler(), "-E", "-P", "-x", "c++", "-")
	c.Stdin = strings.NewReader("#include <asio/version.hpp>\nASIO_VERSION\n")
	out, err := c.Output()
	if err != nil {
		return "", false
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	return fmt.Sprintf("%d.%d.%d", n/100_000, n/100%1000, n%100), err == nil
}
