// Package secure is TLS for chains of operations: crypto/tls, without a goroutine for each
// connection and without memory for those that are idle.
//
// A [Conn] is a field of a session, and is one end of a TLS connection over another
// connection, most often a [platform.Conn]. After its handshake it is an [ops.Reader], an
// [ops.Writer] and an [ops.WaitReader], so everything that is built from those works on it:
// ops.ReadFull, ops.ReadOnArrival, buffered readers, queues of writes, pipes, batches,
// timeouts and coroutines.
//
// A server that is already a chain over a [platform.Conn] changes in three places. First,
// its session gets a Conn in addition to that one. Second, when it has accepted a
// connection, it starts the handshake in place of the first read:
//
//	s.tls.Server(&s.tcp, config)
//	s.tls.Handshake((*onShaken)(s))
//
// The handler of the handshake starts the first read. Third, from then on it reads and
// writes s.tls in place of s.tcp, and calls Shutdown before it closes. The first example is
// such a server.
//
// The protocol is that of crypto/tls, and so is the configuration: versions 1.2 and 1.3 (or
// older, if asked for), ALPN, SNI, client certificates, session tickets. Renegotiation is
// always refused. What needs an answer, such as a key update of the peer, is answered by
// whichever operation is outstanding.
//
// # What it costs
//
// A handshake runs on a coroutine, see [ops.Spawn], whose stack is gone afterwards.
// From then on a read is one operation, which waits on the connection below in the
// memory that it was started with until something arrives. Only then is memory for a
// record allocated, and it is released when the record has been read. A write encrypts
// at most 16 KiB at once, into memory that it releases when they have been sent. So an
// idle connection keeps what crypto/tls needs for its keys and its state, and no buffer.
// Reading and writing allocate nothing in the steady state.
//
// For that, this package uses three unexported fields of tls.Conn, after checking that they
// exist. If a later version of Go does not have them with these names and types, an idle
// connection keeps the memory of its largest record, 17 KB, and of the last message of its
// handshake.
//
// # Where the memory comes from
//
// The operations take the blocks that they would take on the connection below, one each.
// Records are in memory from the allocator of byte associated with the handler of
// [Conn.Handshake], for as long as the connection lives. Without one, they are in memory
// that all connections of the process share, and that the garbage collector may free. A
// read has at most one block of 18 KiB, and a write one of at most that size. For one
// connection, calls of the allocator do not overlap. The blocks are released before the
// handler is called, whatever the result, and also when the proactor is closed. Bytes that
// have been received and that no operation waits for are moved to the shared memory.
//
// A block that is released still contains plaintext, as a buffer of the program does
// after a read. The shared memory is used only by connections of this package, which read
// only what they have received themselves. Blocks of the program's own allocator go to
// whoever allocates next. If nobody may read them then, that allocator has to clear a
// block when it is released.
//
// Two things come from the Go heap: what crypto/tls itself allocates, in a handshake and
// for a new key, and the answers that it sends while it reads.
//
// # Which call gives which error
//
// Errors of the connection below are passed on as they are; see package platform.
//
//	call           when                                     errors.Is, or a type
//	Handshake      the peer's certificate is not accepted   *tls.CertificateVerificationError
//	Handshake      the peer sends an alert                  *net.OpError, "remote error"
//	Handshake      what the peer sends is not TLS           tls.RecordHeaderError
//	Handshake      the peer ends the connection             io.EOF, io.ErrUnexpectedEOF
//	Handshake      a second one                             ErrNoHandshake
//	any            the deadline has passed                  os.ErrDeadlineExceeded
//	any            it is cancelled                          ops.ErrCanceled
//	any            the connection is closed                 net.ErrClosed
//	any            no memory, for the operation or records  allocator.ErrExhausted
//	Read, Write    before the handshake is over             ErrNoHandshake
//	Read, Write    after it has failed                      its error
//	Read           the peer has announced the end           io.EOF
//	Read           the stream has ended without that        io.ErrUnexpectedEOF
//	Read           a record is invalid                      tls.RecordHeaderError, or *net.OpError, "local error"
//	Read           the peer sends an alert                  *net.OpError, "remote error"
//	Read           the peer does not read the answers       ErrUnanswered
//	Write          after Shutdown or CloseWrite             ErrShutdown
//	Write          an earlier one has failed or was ended   that one's error
//
// After a deadline, a cancel or a failed allocation a read goes on where it was, even in the
// middle of a record. A write that ended in the middle of a record cannot go on: the peer
// would take what follows for the rest of the record.
//
// # Concurrency
//
// One read and one write may be outstanding at the same time. Their cryptography runs on
// the goroutine that starts the write, and on those that run the proactor, but never on
// two at once for one connection. For different connections several runners work in
// parallel. A handler with an executor is called on that; its data was decrypted where the
// operation ended.
//
// # Why is Close not enough to end a stream?
//
// TLS ends a stream with an announcement (close_notify). A peer that must know that it has
// received everything relies on it. Close does not wait, so it cannot be sure to send one.
// Call [Conn.Shutdown], and Close in its handler.
package secure
