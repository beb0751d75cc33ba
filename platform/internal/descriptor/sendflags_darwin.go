package descriptor

import "golang.org/x/sys/unix"

// Not every version has MSG_NOSIGNAL. As with package net, Go takes the signal for nothing
// but an error of the call, unless the program asks for the signal.
const sendFlags = unix.MSG_DONTWAIT
