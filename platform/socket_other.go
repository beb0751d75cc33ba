//go:build !linux

package platform

// sysSocket is empty where the only backend keeps its state in Sys.
type sysSocket struct{}

func _(s *Socket) sysSocket { return s.sys } // it is used elsewhere
