// An echo server on Asio, with the memory that it recycles for its operations by default. Each
// loop is a thread with an io_context of its own. With -DUSE_BOOST it is Boost.Asio.

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>

#ifdef USE_BOOST
#include <boost/asio.hpp>
namespace asio = boost::asio;
using error_code = boost::system::error_code;
#else
#include <asio.hpp>
using error_code = asio::error_code;
#endif

using asio::ip::tcp;

struct options {
	tcp::endpoint listen{asio::ip::address_v4::loopback(), 0};
	int loops = 1;
	std::size_t buffer = 4096;
};

static options parse(int argc, char **argv)
{
	options o;
	for (int i = 1; i + 1 < argc; i += 2) {
		std::string flag = argv[i], value = argv[i + 1];
		if (flag == "-listen") {
			auto colon = value.rfind(':');
			o.listen = {asio::ip::make_address(value.substr(0, colon)), static_cast<unsigned short>(std::stoi(value.substr(colon + 1)))};
		} else if (flag == "-loops") {
			o.loops = std::stoi(value);
		} else if (flag == "-buffer") {
			o.buffer = std::stoul(value);
		} else {
			throw std::invalid_argument(flag);
		}
	}
	return o;
}

class session : public std::enable_shared_from_this<session> {
public:
	session(tcp::socket socket, std::size_t bytes) : socket_(std::move(socket)), buffer_(bytes) {}

	void read()
	{
		socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](error_code e, std::size_t n) {
			if (!e)
				self->write(n);
		});
	}

private:
	void write(std::size_t n)
	{
		asio::async_write(socket_, asio::buffer(buffer_, n), [self = shared_from_this()](error_code e, std::size_t) {
			if (!e)
				self->read();
		});
	}

	tcp::socket socket_;
	std::vector<char> buffer_;
};

class loop {
public:
	// Listens at an endpoint, and sets the port that was chosen.
	loop(tcp::endpoint &at, std::size_t buffer) : context_(1), acceptor_(context_), buffer_(buffer)
	{
		using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
		acceptor_.open(at.protocol());
		acceptor_.set_option(tcp::acceptor::reuse_address(true));
		acceptor_.set_option(reuse_port(true));
		acceptor_.bind(at);
		acceptor_.listen(4096);
		at = acceptor_.local_endpoint();
		accept();
	}

	void run() { context_.run(); }

private:
	void accept()
	{
		acceptor_.async_accept([this](error_code e, tcp::socket socket) {
			if (!e) {
				socket.set_option(tcp::no_delay(true), e);
				std::make_shared<session>(std::move(socket), buffer_)->read();
			}
			accept();
		});
	}

	asio::io_context context_;
	tcp::acceptor acceptor_;
	std::size_t buffer_;
};

// Lets the process have as many descriptors as it may.
static void raise_descriptors()
{
	rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
try {
	raise_descriptors();
	auto o = parse(argc, argv);
	std::vector<std::unique_ptr<loop>> loops;
	for (int i = 0; i < o.loops; i++)
		loops.push_back(std::make_unique<loop>(o.listen, o.buffer));
	std::cout << "listening " << o.listen << std::endl;
	std::vector<std::thread> threads;
	for (int i = 1; i < o.loops; i++)
		threads.emplace_back([&loops, i] { loops[i]->run(); });
	loops[0]->run();
} catch (const std::exception &e) {
	std::cerr << e.what() << '\n';
	return 1;
}
