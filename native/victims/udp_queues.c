/*
 * Datagrams that wait in UDP sockets: each comes with its content, its sender's address and in its turn;
 * of a sender that lives, one that has gone, over IPv4, IPv6 and both; in a connected socket; an empty
 * one. A receive buffer keeps its size, and later datagrams come behind.
 */
#include "frame.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static char large[60000];

static int udp(int family, const char *text, union address *name)
{
	int fd = OK(socket(family, SOCK_DGRAM, 0));
	socklen_t size = sizeof(*name);

	memset(name, 0, sizeof(*name));
	name->any.sa_family = family;
	OK(inet_pton(family, text,
		     family == AF_INET ? (void *)&name->v4.sin_addr : (void *)&name->v6.sin6_addr));
	OK(bind(fd, &name->any, family == AF_INET ? sizeof(name->v4) : sizeof(name->v6)));
	OK(getsockname(fd, &name->any, &size));
	return fd;
}

static void sent(int fd, const void *text, size_t size, const union address *to)
{
	socklen_t length = to->any.sa_family == AF_INET ? sizeof(to->v4) : sizeof(to->v6);

	CHECK_EQ("sendto", OK(sendto(fd, text, size, 0, &to->any, length)), size);
}

/* IPv4 addresses as an IPv6 socket tells them */
static union address mapped(const union address *v4)
{
	union address v6 = { .v6 = { .sin6_family = AF_INET6, .sin6_port = v4->v4.sin_port } };

	memset(&v6.v6.sin6_addr.s6_addr[10], 0xff, 2);
	memcpy(&v6.v6.sin6_addr.s6_addr[12], &v4->v4.sin_addr, 4);
	return v6;
}

static void expect(const char *what, int fd, const void *text, size_t size,
		   const union address *from)
{
	static char buffer[sizeof(large) + 1];
	union address name = { 0 };
	socklen_t length = sizeof(name);
	ssize_t n = recvfrom(fd, buffer, sizeof(buffer), MSG_DONTWAIT, &name.any, &length);

	if (n < 0)
		FAIL("%s: %s", what, strerror(errno));
	CHECK_EQ(what, n, size);
	CHECK_MEM(what, buffer, text, size);
	CHECK_MEM(what, &name, from, length);
}

static int option(int fd, int name)
{
	int value;
	socklen_t length = sizeof(value);

	OK(getsockopt(fd, SOL_SOCKET, name, &value, &length));
	return value;
}

int main(int argc, char **argv)
{
	union address at4, at6, both, from4, gone4, from6, left, right;
	char byte;

	frame_start(argc, argv);
	frame_fill(large, sizeof(large), 1);
	int fd4 = udp(AF_INET, "127.0.0.1", &at4);
	int fd6 = udp(AF_INET6, "::1", &at6);
	int any = udp(AF_INET6, "::", &both);
	int sender4 = udp(AF_INET, "127.0.0.1", &from4);
	int dying = udp(AF_INET, "127.0.0.2", &gone4);
	int sender6 = udp(AF_INET6, "::1", &from6);
	int one = udp(AF_INET, "127.0.0.1", &left), other = udp(AF_INET, "127.0.0.1", &right);
	OK(connect(one, &right.any, sizeof(right.v4)));
	OK(connect(other, &left.any, sizeof(left.v4)));
	OK(setsockopt(fd6, SOL_SOCKET, SO_RCVBUF, &(int){ 77777 }, 4));
	int size4 = option(fd4, SO_RCVBUF), size6 = option(fd6, SO_RCVBUF);

	sent(sender4, "first", 5, &at4);
	sent(dying, large, sizeof(large), &at4);
	sent(sender4, "", 0, &at4);
	sent(sender4, "fourth", 6, &at4);
	sent(sender6, "over IPv6", 9, &at6);
	sent(sender6, "odd", 3, &at6);
	union address any4 = { .v4 = { .sin_family = AF_INET, .sin_port = both.v6.sin6_port } };
	union address any6 = at6;
	inet_pton(AF_INET, "127.0.0.1", &any4.v4.sin_addr);
	any6.v6.sin6_port = both.v6.sin6_port;
	sent(dying, "mapped", 6, &any4);
	sent(sender6, "native", 6, &any6);
	sent(sender4, "mapped again", 12, &any4);
	OK(send(one, "from the left", 13, 0));
	OK(close(dying));
	frame_wait();
	SABOTAGE("a datagram is lost")
		OK(recv(fd4, &byte, 1, 0)), sent(sender4, "late", 4, &at4);
	SABOTAGE("a sender is another") {
		OK(recv(other, &byte, 1, 0));
		sent(sender4, "from the left", 13, &right);
		OK(connect(other, &(struct sockaddr){ AF_UNSPEC }, sizeof(struct sockaddr)));
		sent(sender4, "from the left", 13, &right);
	}
	SABOTAGE("two have changed places") {
		OK(recv(fd6, &byte, 1, 0)), OK(recv(fd6, &byte, 1, 0));
		sent(sender6, "odd", 3, &at6), sent(sender6, "over IPv6", 9, &at6);
	}
	SABOTAGE("the receive buffer is another")
		OK(setsockopt(fd6, SOL_SOCKET, SO_RCVBUF, &(int){ 77778 }, 4));

	CHECK_EQ("SO_RCVBUF", option(fd4, SO_RCVBUF), size4);
	CHECK_EQ("SO_RCVBUF that was set", option(fd6, SO_RCVBUF), size6);
	CHECK_EQ("SO_PEEK_OFF", option(fd6, SO_PEEK_OFF), -1);
	struct timeval limit;
	socklen_t length = sizeof(limit);
	OK(getsockopt(fd6, SOL_SOCKET, SO_RCVTIMEO, &limit, &length));
	CHECK_EQ("SO_RCVTIMEO", limit.tv_sec * 1000000L + limit.tv_usec, 0);

	union address gone6 = mapped(&gone4), from46 = mapped(&from4);
	expect("first", fd4, "first", 5, &from4);
	expect("second, of a sender that is gone", fd4, large, sizeof(large), &gone4);
	expect("third, empty", fd4, "", 0, &from4);
	expect("fourth", fd4, "fourth", 6, &from4);
	expect("IPv6", fd6, "over IPv6", 9, &from6);
	expect("IPv6, odd", fd6, "odd", 3, &from6);
	expect("IPv4 in an IPv6 socket", any, "mapped", 6, &gone6);
	expect("IPv6 beside it", any, "native", 6, &from6);
	expect("IPv4 again", any, "mapped again", 12, &from46);
	expect("connected", other, "from the left", 13, &left);
	CHECK_ERRNO(recv(fd4, &byte, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_ERRNO(recv(any, &byte, 1, MSG_DONTWAIT), EAGAIN);
	sent(sender4, "new", 3, &at4);
	expect("a new one", fd4, "new", 3, &from4);
	OK(send(other, "back", 4, 0));
	expect("the connected pair goes on", one, "back", 4, &right);
	return frame_pass();
}
