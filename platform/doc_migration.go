// # Coming from net
//
// Code that wants a net.Conn or a net.Listener need not change: package netconn has
// them on a proactor. To turn a goroutine into a coroutine, or into a chain:
//
//	there                              here
//	net.Listen(network, address)       platform.Proactor.Listen(network, address)
//	net.ListenConfig                   platform.ListenConfig
//	for { l.Accept() }                 platform.Acceptor
//	go serve(conn)                     platform.Proactor.Spawn(h, f), or a chain of handlers
//	net.Dial, net.Dialer               platform.Proactor.Dial, platform.Dialer
//	conn.Read(b)                       platform.Co.Read(c, b), or platform.Conn.Read(b, h)
//	conn.Write(b)                      platform.Co.Write(c, b), or ops.WriteFull(c, b, h)
//	io.ReadFull                        ops.ReadFull
//	io.Copy, both ways                 ops.Pipe
//	bufio.Reader, bufio.Scanner        ops.BufferedReader
//	bufio.Writer with a mutex          ops.BufferedWriter, ops.WriteQueue
//	net.Buffers                        ops.WriteVectoredFull
//	conn.SetDeadline(t)                platform.Conn.SetDeadline(t), ops.WithTimeout(h, d)
//	context.AfterFunc(ctx, close)      ops.CancelSlot.CancelOnDone(ctx)
//	conn.Close() to stop a read        ops.CancelSlot.Cancel, platform.Conn.Cancel
//	net.ListenPacket, ReadFrom         platform.Proactor.ListenPacket, platform.PacketConn.ReadFrom
//	tls.Server(conn, config)           secure.Conn.Server(c, config)
//	time.AfterFunc                     platform.Timer.Wait
//	signal.Notify                      platform.Signals.Wait
//	a mutex around shared state        ops.Strand, or platform.SingleRunner and no lock
//	http.Serve with a net.Listener     http.Serve with netconn.Listen(p, network, address)
//
// # Coming from gnet
//
// In gnet an engine calls the methods of one event handler, and buffers what it
// reads. Here a session starts each operation itself, with its own buffer.
//
//	there                              here
//	gnet.Run(h, addr)                  platform.Proactor.Listen, platform.Acceptor, platform.Proactor.Run
//	WithMulticore(true)                platform.NewGroup
//	WithReusePort(true)                platform.ListenConfig.ListenGroup
//	OnOpen(c)                          platform.Acceptor.Serve
//	OnTraffic(c)                       the ops.Handler of platform.Conn.Read or ops.ReadOnArrival
//	OnClose(c, err)                    a handler called with an error, and platform.Acceptor.Done
//	OnTick                             platform.Timer.Wait
//	c.Peek(n), c.Next(n), c.Discard(n) ops.BufferedReader, platform.Conn.TryRead
//	c.Write(b)                         platform.Conn.TryWrite, then ops.WriteFull for the rest
//	c.Writev(bs)                       ops.WriteVectoredFull
//	c.AsyncWrite(b, callback)          ops.WriteQueue.Write(b, h), or ops.BufferedWriter.Append
//	c.Wake(callback)                   ops.Post(p, h)
//	c.SetContext(v)                    fields of the session that contains the platform.Conn
//	engine.CountConnections()          platform.Acceptor.Live, platform.Proactor.Stats
//	engine.Stop(ctx)                   platform.Acceptor.Shutdown(ctx)
//	a pool of buffers in the engine    an allocator.Allocator of byte, bound by ops.WithAllocator
//
// # Coming from Asio
//
// The model is the same: handlers, associations and executors. Handlers take n and an
// error, and an association is one method or one wrapper.
//
//	there                              here
//	io_context, run()                  platform.Proactor, platform.Proactor.Run
//	io_context(1)                      platform.SingleRunner
//	executor_work_guard                platform.Proactor.Hold
//	post, dispatch, defer              ops.Post, ops.Dispatch (never inline), ops.Defer
//	strand                             ops.NewStrand
//	ip::tcp::socket, acceptor          platform.Conn, platform.Listener
//	async_accept in a loop             platform.Acceptor
//	async_read_some, async_read        platform.Conn.Read, ops.ReadFull
//	async_write                        ops.WriteFull
//	async_read_until                   ops.BufferedReader.ReadUntil
//	resolver and async_connect         platform.Proactor.Dial
//	steady_timer                       platform.Timer
//	signal_set                         platform.Signals
//	random_access_file                 platform.File
//	ssl::stream                        secure.Conn
//	async_compose                      ops.Compose
//	co_spawn, awaitable                platform.Proactor.Spawn, platform.Co
//	parallel_group                     ops.Batch
//	cancel_after                       ops.WithTimeout
//	cancellation_slot                  ops.CancelSlot, ops.WithCancelSlot
//	bind_executor                      ops.WithExecutor
//	bind_allocator                     ops.WithAllocator
//	associated_allocator               ops.AllocatorOf, ops.Associated
//	rebind to the operation's type     the type argument of ops.Associated
//	handler_memory of the examples     combinators.SingleSlot
//	error::operation_aborted           ops.ErrCanceled
//	destruction of the context         platform.Proactor.Close, ops.Abandoner
package platform
