/*
 * TCP listeners on IPv4 and IPv6 and bound UDP sockets, with their options. After the restore the options
 * are as they were, and one can connect and send.
 */
#include "frame.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

struct option {
	const char *text;
	int level, name, value, shown;	/* shown: what getsockopt says of it, if not the same */
};

static const struct option common[] = {
	{ "SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1, 1 },
	{ "SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1, 1 },
	{ "SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, 30000, 60000 },
	{ "SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, 50000, 100000 },
	{ "SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, 3, 3 },
	{ "SO_MARK", SOL_SOCKET, SO_MARK, 77, 77 },
	{ "SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 2, 2 },
};

static const struct option tcp[] = {
	{ "SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 1, 1 },
	{ "TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1, 1 },
	{ "TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 123, 123 },
	{ "TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 45, 45 },
	{ "TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 6, 6 },
	{ "TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 7000, 7000 },
	{ "TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, 1, 1 },
};

static const struct option udp[] = {
	{ "SO_BROADCAST", SOL_SOCKET, SO_BROADCAST, 1, 1 },
	{ "IP_TTL", IPPROTO_IP, IP_TTL, 33, 33 },
	{ "IP_PKTINFO", IPPROTO_IP, IP_PKTINFO, 1, 1 },
};

static void set(int fd, const struct option *options, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int)))
			FAIL("%s: %s", options[i].text, strerror(errno));
}

static int get(int fd, int level, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	OK(getsockopt(fd, level, name, &value, &length));
	return value;
}

static void check(int fd, const struct option *options, size_t count)
{
	for (size_t i = 0; i < count; i++)
		CHECK_EQ(options[i].text, get(fd, options[i].level, options[i].name), options[i].shown);
}

struct sock {
	int family, type, fd;
	struct sockaddr_storage address;
	socklen_t length;
};

static struct sock socks[] = {
	{ .family = AF_INET, .type = SOCK_STREAM },
	{ .family = AF_INET6, .type = SOCK_STREAM | SOCK_NONBLOCK },
	{ .family = AF_INET, .type = SOCK_DGRAM },
	{ .family = AF_INET6, .type = SOCK_DGRAM | SOCK_CLOEXEC },
};

static bool is_tcp(const struct sock *s)
{
	return (s->type & 0xf) == SOCK_STREAM;
}

static void start(struct sock *s)
{
	s->fd = OK(socket(s->family, s->type, 0));
	set(s->fd, common, COUNT(common));
	if (is_tcp(s))
		set(s->fd, tcp, COUNT(tcp));
	else if (s->family == AF_INET)
		set(s->fd, udp, COUNT(udp));
	if (s->family == AF_INET6) {
		OK(setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, 4));
		*(struct sockaddr_in6 *)&s->address =
			(struct sockaddr_in6){ AF_INET6, 0, 0, IN6ADDR_LOOPBACK_INIT, 0 };
		s->length = sizeof(struct sockaddr_in6);
	} else {
		*(struct sockaddr_in *)&s->address =
			(struct sockaddr_in){ AF_INET, 0, { htonl(INADDR_LOOPBACK) }, { 0 } };
		s->length = sizeof(struct sockaddr_in);
	}
	OK(bind(s->fd, (void *)&s->address, s->length));
	if (is_tcp(s))
		OK(listen(s->fd, 7));
	OK(getsockname(s->fd, (void *)&s->address, &s->length));
}

static void check_sock(struct sock *s)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);
	char buffer[16];

	check(s->fd, common, COUNT(common));
	if (is_tcp(s))
		check(s->fd, tcp, COUNT(tcp));
	else if (s->family == AF_INET)
		check(s->fd, udp, COUNT(udp));
	if (s->family == AF_INET6)
		CHECK_EQ("IPV6_V6ONLY", get(s->fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	CHECK_EQ("SO_TYPE", get(s->fd, SOL_SOCKET, SO_TYPE), s->type & 0xf);
	CHECK_EQ("listens", get(s->fd, SOL_SOCKET, SO_ACCEPTCONN), is_tcp(s));
	CHECK_EQ("O_NONBLOCK", !!(OK(fcntl(s->fd, F_GETFL)) & O_NONBLOCK), !!(s->type & SOCK_NONBLOCK));
	CHECK_EQ("close-on-exec", OK(fcntl(s->fd, F_GETFD)), s->type & SOCK_CLOEXEC ? FD_CLOEXEC : 0);
	OK(getsockname(s->fd, (void *)&address, &length));
	CHECK_EQ("length of the address", length, s->length);
	CHECK_MEM("address", &address, &s->address, length);
	if (is_tcp(s)) {
		struct tcp_info info;
		length = sizeof(info);
		OK(getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &length));
		CHECK_EQ("backlog", info.tcpi_sacked, 7);
	}

	int client = OK(socket(s->family, s->type & 0xf, 0));
	OK(connect(client, (void *)&s->address, s->length));
	OK(send(client, "hello", 5, 0));
	int served = s->fd;
	if (is_tcp(s)) {
		while ((served = accept(s->fd, NULL, NULL)) < 0)
			CHECK_EQ("accept", errno, EAGAIN);
	}
	CHECK_EQ("received", OK(recv(served, buffer, sizeof(buffer), 0)), 5);
	CHECK_MEM("received", buffer, "hello", 5);
	if (is_tcp(s)) {
		CHECK_EQ("TCP_NODELAY is inherited", get(served, IPPROTO_TCP, TCP_NODELAY), 1);
		/* leave no TIME_WAIT behind */
		OK(setsockopt(served, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)));
		OK(close(served));
	}
	OK(close(client));
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	for (size_t i = 0; i < COUNT(socks); i++)
		start(&socks[i]);

	frame_wait();
	SABOTAGE("a listener is gone")
		OK(shutdown(socks[0].fd, SHUT_RD));
	SABOTAGE("another backlog")
		OK(listen(socks[1].fd, 8));
	SABOTAGE("TCP_NODELAY is lost")
		OK(setsockopt(socks[0].fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 0 }, 4));
	SABOTAGE("the keepalive time is lost")
		OK(setsockopt(socks[1].fd, IPPROTO_TCP, TCP_KEEPIDLE, &(int){ 7200 }, 4));
	SABOTAGE("a buffer is the default")
		OK(setsockopt(socks[2].fd, SOL_SOCKET, SO_RCVBUF, &(int){ 212992 }, 4));
	SABOTAGE("the UDP socket is not bound")
		OK(dup2(OK(socket(AF_INET, SOCK_DGRAM, 0)), socks[2].fd)), set(socks[2].fd, common, COUNT(common)),
			set(socks[2].fd, udp, COUNT(udp));
	SABOTAGE("nonblocking is lost")
		OK(fcntl(socks[1].fd, F_SETFL, 0));

	for (size_t i = 0; i < COUNT(socks); i++)
		check_sock(&socks[i]);
	return frame_pass();
}
