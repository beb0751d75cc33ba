//go:build !linux

package platform

// sysSocket is empty where the only backend keeps its state in Sys.
type sysSocket struct{}
