// Package secure is TLS for chains of operations: crypto/tls, without a goroutine for each
// connection and without memory for those that are idle.
//
// A [Conn] lies in a session and is one end of a connection over another, most often a
// [platform.Conn]. After its handshake it is an [ops.Reader], an [ops.Writer] and an
// [ops.WaitReader], so everything that is made of those works on it: ops.ReadFull,
// ops.ReadOnArrival, buffered readers, queues of writes, pipes, batches, timeouts and
// coroutines.
//
// A server that is a chain over a [platform.Conn] already changes in three places. Its session
// gets a Conn beside that one. Where it starts its first read when it has accepted a
// connection, it has both ends agree first:
//
//	s.tls.Server(&s.tcp, config)
//	s.tls.Handshake((*onShaken)(s))
//
// The handler of that starts the first read. And from then on it reads and writes s.tls
// where it did s.tcp, and calls Shutdown before it closes. The first example is all of it.
//
// The protocol is that of crypto/tls, and so is the configuration: versions 1.2 and 1.3 (or
// older, if asked for), ALPN, SNI, certificates of clients, session tickets. Renegotiation
// is always refused. What needs an answer, such as new keys of the peer, is answered by
// whichever operation is outstanding.
//
// # What it costs
//
// A handshake runs on a coroutine, see [ops.Spawn], whose stack is gone afterwards.
// From then on a read is one operation, which waits on the connection below in the
// memory that it was started with until something arrives. Only then is there
// memory for a record, and it is given back when the record has been read. A write
// encrypts at most 16 KiB at once, into memory that it gives back when they have been
// sent. So an idle connection keeps what crypto/tls needs for its keys and its state, and
// no buffer. Reading and writing allocate nothing in the steady state.
//
// For that, this package uses three unexported fields of tls.Conn, after checking that they
// exist. Should a later Go have none of that name and type, an idle connection keeps the
// memory of its largest record, 17 KB, and of the last message of its handshake.
//
// # Whose memory it is
//
// The operations take the blocks that they would take on the connection below, one each.
// The records lie in memory from the allocator of byte that is associated with the
// handler of [Conn.Handshake], for as long as the connection lives, or else in memory that
// all connections of the process share, and which the garbage collector may take. A read
// has at most one block of 18 KiB, a write one of up to that. Calls of one connection do
// not overlap. Those blocks are given back before the handler is called, whatever the
// result, also when the proactor is closed. Bytes that have been received and that no
// operation waits for are moved to the shared memory.
//
// A block that is given back still has plaintext in it, as a buffer of the program does
// after a read. The shared memory is used only by connections of this package, which
// look only at what they have received themselves. Blocks of the program's own allocator
// go to whoever allocates next: if nobody may read them then, that allocator has to clear
// a block when it is released.
//
// Two small things come from the Go heap: what crypto/tls allocates itself, in a handshake
// and for a new key, and the answers that it sends while it reads.
//
// # Which call gives which error
//
// Errors of the connection below are passed on as they are; see package platform.
//
//	call           when                                     errors.Is, or a type
//	Handshake      the peer's certificate is no good        *tls.CertificateVerificationError
//	Handshake      the peer says what is wrong              *net.OpError, "remote error"
//	Handshake      what comes is not TLS                    tls.RecordHeaderError
//	Handshake      the peer ends the connection             io.EOF, io.ErrUnexpectedEOF
//	Handshake      a second one                             ErrNoHandshake
//	any            the deadline has passed                  os.ErrDeadlineExceeded
//	any            it is cancelled                          ops.ErrCanceled
//	any            the connection is closed                 net.ErrClosed
//	any            no memory, for the operation or records  allocator.ErrExhausted
//	Read, Write    before the handshake is over             ErrNoHandshake
//	Read, Write    after it has failed                      its error
//	Read           the peer has announced the end           io.EOF
//	Read           it has ended without that                io.ErrUnexpectedEOF
//	Read           a record is not what it should be        tls.RecordHeaderError, or *net.OpError, "local error"
//	Read           the peer says what is wrong              *net.OpError, "remote error"
//	Read           it wants answers for ever and takes none ErrUnanswered
//	Write          after Shutdown or CloseWrite             ErrShutdown
//	Write          an earlier one has failed or was ended   that one's error
//
// After a deadline, a cancel or a failed allocation a read goes on where it was, even in the
// middle of a record. A write that ended in the middle of a record cannot: the peer would
// take what follows for the rest of it.
//
// # How many goroutines
//
// One read and one write may be outstanding at the same time. Their cryptography runs on
// the goroutine that starts the write, and on the one that runs the proactor, but never on
// both at once for one connection. With several connections several runners work in
// parallel. A handler with an executor is called there; its data were decrypted where the
// operation ended.
//
// # Why is Close not enough to end a stream?
//
// TLS ends a stream with an announcement. A peer that must know that it has received
// everything relies on it. Close does not wait, so it cannot be sure to send one. Call
// [Conn.Shutdown], and Close in its handler.
package secure
