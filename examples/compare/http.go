package main

// httpPrograms returns the servers of HTTP.
func httpPrograms() []program { return nil }
