// Package descriptor opens, names, reads and writes what the system knows by
// a descriptor: what the backends of a system do with one in the same way.
package descriptor
