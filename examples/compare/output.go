package main

import (
	"context"
	"fmt"
	"strings"
)

// output runs a program that is no server to its end, and returns what it prints.
func (r *runner) output(ctx context.Context, where placement, p built, args ...string) (string, error) {
	var stdout strings.Builder
	var stderr excerpt
	cmd := command(ctx, p.path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := where.start(cmd); err != nil {
		return "", fmt.Errorf("%s: %w", p.name, err)
	}
	if err := cmd.Wait(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", p.name, err, stderr.String())
	}
	return stdout.String(), nil
}
