//go:build linux

// Containers helps programs to use io_uring in a container.
//
// The default seccomp profiles of Docker, Podman and containerd refuse the system calls of
// io_uring, so a proactor in their containers uses epoll. This program says which backend a
// proactor gets, why it gets no better one, and whether a message gets through it:
//
//	docker build -t backend -f examples/containers/Dockerfile .
//	docker run --rm backend
//	docker run --rm --security-opt seccomp=examples/containers/seccomp.json backend
//
// The file seccomp.json is Docker's default profile and the three system calls of io_uring,
// and nothing else. Podman takes it with the same flag. Kubernetes needs another form,
// without conditions, for a profile of type Localhost. These commands print the two forms:
//
//	go run . -profile docker >seccomp.json
//	go run . -profile oci >heirloom.json
//
// The second is for the processor and the kernel that the command runs on, and for a
// container with only the usual capabilities.
//
// Think before you allow io_uring. What a program asks of a ring is not a system call, so no
// profile sees it. Vulnerabilities of io_uring have let programs out of containers, which is
// why it is refused. The program examples/compare measures how much you gain.
//
// Two settings outside the container matter too. The host may refuse io_uring to everybody,
// or to all but one group (kernel.io_uring_disabled, kernel.io_uring_group). And a ring needs
// locked memory: if the container's limit is too low for its proactors, raise it with
// --ulimit memlock=8388608:8388608 (in bytes).
//
// The profile is derived from that of the Moby project, under the Apache License 2.0,
// which is in seccomp.json.license.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program; what it returns is the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("containers", flag.ContinueOnError)
	flags.SetOutput(stderr)
	form := flags.String("profile", "", "print a seccomp profile that allows io_uring, for `docker` or oci, and do nothing else")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "containers: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	var err error
	switch *form {
	case "":
		err = try(stdout)
	case "docker":
		err = writeDocker(stdout)
	case "oci":
		err = writeOCI(stdout)
	default:
		fmt.Fprintf(stderr, "containers: there is no profile for %q: docker or oci\n", *form)
		return 2
	}
	if err != nil {
		fmt.Fprintln(stderr, "containers:", err)
		return 1
	}
	return 0
}
