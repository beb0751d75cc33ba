package combinators

// noCopy makes go vet report a copy of the struct that has it as a field: two
// copies would hand out the same storage.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}
