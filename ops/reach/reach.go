// Package reach counts how often tests reach certain states of the engine.
//
// Tests of a concurrent engine are only as good as the states that they reach. Each
// [State] is one that is easy to miss: a completion that comes before its Start has
// returned, the cancellation of an operation that has ended, a full ring. When the engine
// is in such a state, it calls [Sometimes]. A program that is built with the tag reach
// counts these calls, so a test can fail if it has not reached the state that it is for
// ([Counts]). Without the tag nothing is counted, and the compiler removes the calls.
//
// The package is for the tests of this module, and for those who write a backend.
package reach

// A State is a state of the engine that a test may have to reach.
type State uint8

// The states. [State.String] says what each of them is.
const (
	// Of package ops.
	AllocatorFailed State = iota
	Refused
	Abandoned
	WentElsewhere
	CancelOfNothing
	CancelBetween
	CancelBeforeArm
	SlotOfAnother
	StrandQueued
	StrandNextTurn
	StrandAbandoned
	StrandRefused
	BatchCanceledAtStart
	BatchDecidedEarly
	ArrivalWithoutBuffer

	// Of package platform.
	EndedInStart
	QueuedBehind
	StartedByAnother
	TransferOfNothing
	DeadlinePassedBefore
	CancelMissed
	SocketIsAnother
	FreedLater
	OpenedTwice
	OpenedInClosing
	ClosedOutstanding
	ConnectClosed
	InboxSeveral
	InboxShut
	RunnerSignaled
	PollerWoken
	RunnerIdle
	BurstOver
	HaltedWithWork
	HandlerPanicked
	LookPaid
	TimerEarliest
	LateGone
	DeadlinePassed
	DeadlineEarlier
	AbandonWaited

	// Of the backends that are told of readiness.
	EventOfClosed
	EventForNobody
	ReadNothing
	ReadShort
	WriteFull

	// Of io_uring.
	RingFull
	ReadAhead
	NoBuffers
	MultishotEnded
	MultishotStopped
	CompletionOfClosed
	CancelTooLate
	RequestInterrupted

	states // how many there are
)

var texts = [...]string{
	AllocatorFailed:      "an allocator failed when an operation began",
	Refused:              "an operation was started after its proactor was closed",
	Abandoned:            "an operation was abandoned",
	WentElsewhere:        "an operation went to the executor that its handler is to run on",
	CancelOfNothing:      "a cancel slot was cancelled when no operation was in it",
	CancelBetween:        "an operation was cancelled between two of its parts, or before it was outstanding",
	CancelBeforeArm:      "an operation was cancelled before it was outstanding, and found that out",
	SlotOfAnother:        "an operation had a cancel slot that stands for a later one by now",
	StrandQueued:         "a handler was added to a strand that was busy",
	StrandNextTurn:       "a strand took another turn, as there were more handlers",
	StrandAbandoned:      "a strand was abandoned with handlers in it",
	StrandRefused:        "a strand was refused by its executor with handlers in it",
	BatchCanceledAtStart: "a batch was cancelled before it was outstanding",
	BatchDecidedEarly:    "a batch was decided while other members were outstanding",
	ArrivalWithoutBuffer: "data had arrived, and the allocator of its buffer failed",
	EndedInStart:         "an operation ended before Start returned",
	QueuedBehind:         "an operation was queued behind another on the same side of a socket",
	StartedByAnother:     "an operation was started when the one before it had ended",
	TransferOfNothing:    "an operation had no room for a byte",
	DeadlinePassedBefore: "an operation was started when its time was over",
	CancelMissed:         "an operation was cancelled that had ended",
	SocketIsAnother:      "a handle had the number of a socket that was closed",
	FreedLater:           "the record of a closed socket waited for what was outstanding",
	OpenedTwice:          "a socket was to be opened that was in use",
	OpenedInClosing:      "a socket was to be opened whose proactor was closed already",
	ClosedOutstanding:    "a socket was closed while operations were outstanding",
	ConnectClosed:        "a socket was closed while it was being connected",
	InboxSeveral:         "several operations were pushed from elsewhere before the runner looked",
	InboxShut:            "an operation was pushed into the inbox of a proactor that is closed",
	RunnerSignaled:       "a runner that was idle was woken for what another had found",
	PollerWoken:          "a runner woke the one that polls for what it left",
	RunnerIdle:           "a runner waited while another polled",
	BurstOver:            "the kernel was looked at although handlers were left to be called",
	HaltedWithWork:       "a runner returned although handlers were left to be called",
	HandlerPanicked:      "a handler panicked or ended its goroutine",
	LookPaid:             "looking for completions for a while paid",
	TimerEarliest:        "a timer was set that is due before all others",
	LateGone:             "an operation ended when its timeout was about to end it",
	DeadlinePassed:       "the deadline of a socket passed while something was outstanding",
	DeadlineEarlier:      "the deadline of a socket was moved to be earlier",
	AbandonWaited:        "closing waited for the kernel to let go of an operation",
	EventOfClosed:        "an event came for a socket that was closed",
	EventForNobody:       "input came when nobody was reading",
	ReadNothing:          "a read found nothing although there had been an event",
	ReadShort:            "a read found less than there was room for",
	WriteFull:            "a write found no room",
	RingFull:             "the ring had no room for a request",
	ReadAhead:            "input came to a stream that nobody was reading",
	NoBuffers:            "a stream found no buffer in the ring",
	MultishotEnded:       "a request that completes again and again ended by itself",
	MultishotStopped:     "a request that completes again and again was to be stopped",
	CompletionOfClosed:   "a completion came for a socket that was closed",
	CancelTooLate:        "the kernel had done an operation that was to be cancelled",
	RequestInterrupted:   "a request was interrupted and made again",
}

// States returns all states.
func States() []State {
	all := make([]State, states)
	for i := range all {
		all[i] = State(i)
	}
	return all
}

// String says what the state is.
func (s State) String() string {
	if s >= states {
		return "no state"
	}
	return texts[s]
}
