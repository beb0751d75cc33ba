package descriptor

// MaxWrite is how many bytes of a file are read or written at once: no system takes
// less.
const MaxWrite = 1 << 30

// MaxTransfer bounds what one call copies, and so how long it keeps the
// scheduler from stopping this thread.
const MaxTransfer = 256 << 10

// MaxBatch is how many packets one operation reads or sends.
const MaxBatch = 64
