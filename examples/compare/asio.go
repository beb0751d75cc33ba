package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
