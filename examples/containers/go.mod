module github.com/heirloom-go/heirloom/examples/containers

go 1.26.0

require (
	github.com/elastic/go-seccomp-bpf v1.6.0
	github.com/heirloom-go/heirloom v0.0.0
	github.com/moby/profiles/seccomp v0.3.0
	github.com/opencontainers/runtime-spec v1.2.1
)

require (
	golang.org/x/net v0.41.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/heirloom-go/heirloom => ../..
