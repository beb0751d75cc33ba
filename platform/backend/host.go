package backend

import "github.com/heirloom-go/heirloom/ops"

// A Host is what a backend may ask of the proactor that it works for.
type Host interface {
	// SingleRunner reports whether one goroutine at a time does everything except
	// wake the backend, so that the backend needs no locks. The answer is always the
	// same.
	SingleRunner() bool

	// Completed ends an operation for which the backend's Start returned false,
	// with its results in N and Err. It is called from inside Poll, and with no
	// socket locked.
	Completed(op *ops.Operation)

	// Retry makes the proactor call Start again for the operation that is outstanding
	// on a side of s, and, if that ends, for those that wait behind it. It is called
	// from inside Poll, with the socket locked.
	Retry(s *Socket, d Side)

	// Parked reports whether a Poll that may wait has begun and has not called Awake
	// yet. It may be called from any goroutine.
	Parked() bool

	// Slept says that the goroutine of the current Poll has slept in the Go scheduler,
	// so that others could run. Without that the proactor lets others run every 100 µs,
	// if it polls several times before it waits. Slept is called from inside Poll.
	Slept()

	// Awake says that the current Poll waits no longer, so nobody needs to wake it.
	Awake()
}
