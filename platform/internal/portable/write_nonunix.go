//go:build !unix

package portable

import "os"

// A fileWriter writes to a file.
type fileWriter struct{}

// writeAt writes b at an offset of f.
func (fileWriter) writeAt(f *os.File, b []byte, offset int64) (n int, err error) {
	return f.WriteAt(b, offset)
}
