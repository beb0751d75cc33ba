package backend

import "os"

// A FileBackend is a Backend that can work on files. Its Start is called for
// further kinds of operations:
//
//	KindReadAt   read into Buf, which is not empty, from [Offset](op) on
//	KindWriteAt  write Buf, which is not empty, from [Offset](op) on; N is less than
//	             its length only with an Err
//	KindSync     put what was written on the device
//
// Only the backend below all layers is asked whether it is one.
type FileBackend interface {
	Backend

	// TakeFile opens s for an open file, which belongs to the backend from
	// then on, unless TakeFile returns an error.
	TakeFile(s *Socket, f *os.File) error
}

// A FileSystem is a Backend that has files of its own, which take the place of
// those of the operating system. Its Start is called as that of a
// [FileBackend].
type FileSystem interface {
	Backend

	// OpenFile opens s for a file, with arguments as os.OpenFile takes them.
	OpenFile(s *Socket, name string, flag int, perm os.FileMode) error
}
