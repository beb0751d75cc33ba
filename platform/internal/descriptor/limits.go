package descriptor

// MaxWrite is how many bytes of a file are read or written at once: no system takes
// less.
const MaxWrite = 1 << 30
