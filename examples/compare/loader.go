package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
)

// A loader makes a load in a process of its own; see its package.
type loader struct {
	cmd      *exec.Cmd
	commands *json.Encoder
	reports  *json.Decoder
	stderr   excerpt
}

// startLoader starts a load with a configuration, and waits until all connections are open, and
// idle. It ends when ctx is done, or by stop. Further arguments say which load it is.
func (r *runner) startLoader(ctx context.Context, where placement, config any, args ...string) (*loader, error) {
	l := &loader{cmd: command(ctx, r.loader, args...)}
	l.cmd.Stderr = &l.stderr
	stdin, err := l.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := where.start(l.cmd); err != nil {
		return nil, err
	}
	l.commands, l.reports = json.NewEncoder(stdin), json.NewDecoder(stdout)
	if err := l.commands.Encode(config); err != nil {
		return nil, l.explain(err)
	}
	var connected bool
	if err := l.receive(&connected); err != nil {
		return nil, err
	}
	return l, nil
}

// begin begins the load.
func (l *loader) begin() error { return l.explain(l.commands.Encode(true)) }

// receive reads what the load prints next: at its end the result, after which the connections
// stay open.
func (l *loader) receive(v any) error { return l.explain(l.reports.Decode(v)) }

// explain returns what the load says of an error, which ends it.
func (l *loader) explain(err error) error {
	if err == nil {
		return nil
	}
	l.stop()
	if text := l.stderr.String(); text != "" {
		return errors.New(text)
	}
	return fmt.Errorf("the load has ended: %w", err)
}

// stop ends the load, and closes the connections. It may be called again.
func (l *loader) stop() {
	terminate(l.cmd.Process)
	l.cmd.Wait() // it was told to end, so its status says nothing
}
