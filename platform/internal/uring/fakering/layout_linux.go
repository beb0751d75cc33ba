package fakering

import "unsafe"

// The structures and numbers of linux/io_uring.h, written down once more: a mistake in those
// of the backend is to be one here too only if somebody makes it twice.

type params struct {
	sqEntries, cqEntries, flags, threadCPU, threadIdle, features, wqFD uint32

	_  [3]uint32
	sq sqOffsets
	cq cqOffsets
}

type sqOffsets struct {
	head, tail, mask, entries, flags, dropped, array, _ uint32
	_                                                   uint64
}

type cqOffsets struct {
	head, tail, mask, entries, overflow, cqes, flags, _ uint32
	_                                                   uint64
}

type sqe struct {
	opcode      uint8
	flags       uint8
	ioprio      uint16
	fd          int32
	off         uint64
	addr        uint64
	len         uint32
	opFlags     uint32
	userData    uint64
	group       uint16
	personality uint16
	optlen      uint32
	addr3       uint64
	_           uint64
}

type cqe struct {
	userData uint64
	res      int32
	flags    uint32
}

// A bufEntry is struct io_uring_buf. The tail of a ring of them is the last field of the first.
type bufEntry struct {
	addr uint64
	len  uint32
	bid  uint16
	tail uint16
}

type bufReg struct {
	addr    uint64
	entries uint32
	group   uint16
	flags   uint16
	_       [3]uint64
}

type probe struct {
	lastOp, opsLen uint8
	_              [7]uint16
}

type probeOp struct {
	op, _ uint8
	flags uint16
	_     uint32
}

const (
	setupCQSize      = 1 << 3
	setupClamp       = 1 << 4
	setupSubmitAll   = 1 << 7
	setupCoopTaskrun = 1 << 8
	setupTaskrunFlag = 1 << 9
	setupNoSQArray   = 1 << 16

	featSingleMmap = 1 << 0
	featNoDrop     = 1 << 1
	featBundle     = 1 << 14

	sqCQOverflow = 1 << 1
	sqTaskrun    = 1 << 2

	offSQRing = 0
	offSQEs   = 0x10000000

	enterGetevents = 1 << 0

	registerProbe    = 8
	registerPbufRing = 22
	probeSupported   = 1 << 0
	bufRingInc       = 2

	sqeAsync        = 1 << 4
	sqeBufferSelect = 1 << 5
	sqeSkipSuccess  = 1 << 6

	cqeBuffer      = 1 << 0
	cqeMore        = 1 << 1
	cqeNonempty    = 1 << 2
	cqeBufMore     = 1 << 4
	cqeBufferShift = 16

	recvPollFirst   = 1 << 0
	recvMultishot   = 1 << 1
	acceptPollFirst = 1 << 2

	cancelAll = 1 << 0
	cancelAny = 1 << 2

	opFsync       = 3
	opPollAdd     = 6
	opSendmsg     = 9
	opRecvmsg     = 10
	opAccept      = 13
	opAsyncCancel = 14
	opConnect     = 16
	opRead        = 22
	opWrite       = 23
	opSend        = 26
	opRecv        = 27
	opSendZC      = 47
)

// at returns what lies at an address that the kernel was given.
func at[T any](address uint64) *T { return (*T)(*(*unsafe.Pointer)(unsafe.Pointer(&address))) }
