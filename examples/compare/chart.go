package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// draw draws the first metric of a scenario with examples/chart.
func draw(ctx context.Context, sources string, s scenario, figures []byte, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	c := exec.CommandContext(ctx, "go", "run", ".", "-title", s.title, "-unit", s.metrics[0].unit, "-own", "Heirloom", "-order", "input", "-o", file)
	c.Dir = filepath.Join(sources, "..", "chart")
	c.Stdin = bytes.NewReader(figures)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("drawing %s: %w: %s", s.name, err, bytes.TrimSpace(out))
	}
	return nil
}
