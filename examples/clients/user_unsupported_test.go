//go:build !unix

package main

import (
	"errors"
	"os/exec"
)

func ordinary() (as func(*exec.Cmd), own func(path string) error, err error) {
	return nil, nil, errors.ErrUnsupported
}
