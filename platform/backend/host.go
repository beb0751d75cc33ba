package backend

import "github.com/heirloom-go/heirloom/ops"

// A Host is what a backend may ask of the proactor that it works for.
type Host interface {
	// SingleRunner reports whether one goroutine at a time does everything but
	// wake the backend, so that it needs no locks. The answer is always the same.
	SingleRunner() bool

	// Completed ends an operation for which the backend's Start returned false,
	// with its results in N and Err. It is called from inside Poll, and with no
	// socket locked.
	Completed(op *ops.Operation)

	// Retry has Start called again for the operation that is outstanding on a side
	// of s, and, if it ends, for what waits behind it. It is called from inside
	// Poll, with the socket locked.
	Retry(s *Socket, d Side)

	// Parked reports whether a Poll that may wait has begun and has not said that
	// it is awake. It may be called from any goroutine.
	Parked() bool

	// Slept says that the goroutine of the Poll which runs has slept in the Go
	// scheduler, so others could run. Without that the proactor lets others run every
	// 100 µs, if it looks several times before it waits. It is called from inside Poll.
	Slept()

	// Awake says that the Poll which runs waits no longer: nobody needs to wake it.
	Awake()
}
