package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// fewVariants is up to how many variants are drawn as groups of bars, and not as points of
// lines.
const fewVariants = 3

// draw draws the first metric of a scenario with examples/chart.
func draw(ctx context.Context, sources string, s scenario, figures []byte, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	args := []string{"run", ".", "-title", s.title, "-unit", s.metrics[0].unit, "-own", "Heirloom", "-order", "input", "-o", file}
	if len(s.variants) > fewVariants {
		args = append(args, "-lines")
	}
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = filepath.Join(sources, "..", "chart")
	c.Stdin = bytes.NewReader(figures)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("drawing %s: %w: %s", s.name, err, bytes.TrimSpace(out))
	}
	return nil
}
