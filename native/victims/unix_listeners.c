/*
 * Listening UNIX sockets by path and by abstract name, stream and seqpacket, their options; bound datagram
 * sockets; a socket that is bound only. After the restore one can connect and send to each.
 */
#include "frame.h"

#include <sys/socket.h>
#include <sys/un.h>

struct listener {
	const char *name;	/* abstract if it begins with @ */
	int type, backlog, fd;
	struct sockaddr_un address;
	socklen_t length;
} listeners[] = {
	{ .name = "stream", .type = SOCK_STREAM, .backlog = 5 },
	{ .name = "@thaw-stream", .type = SOCK_STREAM, .backlog = 1 },
	{ .name = "packets", .type = SOCK_SEQPACKET, .backlog = 128 },
	{ .name = "@thaw-packets", .type = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, .backlog = 3 },
	{ .name = "datagrams", .type = SOCK_DGRAM, .backlog = -1 },
	{ .name = "@thaw-datagrams", .type = SOCK_DGRAM | SOCK_NONBLOCK, .backlog = -1 },
};

static int option(int fd, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	OK(getsockopt(fd, SOL_SOCKET, name, &value, &length));
	return value;
}

static void start(struct listener *l)
{
	l->address.sun_family = AF_UNIX;
	if (l->name[0] == '@')
		l->length = offsetof(struct sockaddr_un, sun_path) +
			    snprintf(l->address.sun_path, sizeof(l->address.sun_path), "%c%s-%d", 0,
				     l->name + 1, getpid());
	else
		l->length = offsetof(struct sockaddr_un, sun_path) + 1 +
			    snprintf(l->address.sun_path, sizeof(l->address.sun_path), "%s",
				     frame_path(l->name));
	l->fd = OK(socket(AF_UNIX, l->type, 0));
	OK(setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &(int){ 40000 + l->fd }, 4));
	OK(setsockopt(l->fd, SOL_SOCKET, SO_PASSCRED, &(int){ l->fd % 2 }, 4));
	OK(bind(l->fd, (void *)&l->address, l->length));
	if (l->backlog >= 0)
		OK(listen(l->fd, l->backlog));
}

static void check(struct listener *l)
{
	struct sockaddr_un address = { 0 };
	socklen_t length = sizeof(address);
	char buffer[16];
	int type = l->type & 0xf;

	CHECK_EQ("type", option(l->fd, SO_TYPE), type);
	CHECK_EQ("listens", option(l->fd, SO_ACCEPTCONN), l->backlog >= 0);
	CHECK_EQ("SO_RCVBUF", option(l->fd, SO_RCVBUF), 2 * (40000 + l->fd));
	CHECK_EQ("SO_PASSCRED", option(l->fd, SO_PASSCRED), l->fd % 2);
	CHECK_EQ("O_NONBLOCK", !!(OK(fcntl(l->fd, F_GETFL)) & O_NONBLOCK), !!(l->type & SOCK_NONBLOCK));
	CHECK_EQ("close-on-exec", OK(fcntl(l->fd, F_GETFD)), l->type & SOCK_CLOEXEC ? FD_CLOEXEC : 0);
	OK(getsockname(l->fd, (void *)&address, &length));
	CHECK_EQ("length of the address", length, l->length);
	CHECK_MEM("address", &address, &l->address, length);

	int client = OK(socket(AF_UNIX, type, 0));
	if (connect(client, (void *)&l->address, l->length))
		FAIL("connect to %s: %s", l->name, strerror(errno));
	OK(send(client, "hello", 5, 0));
	int served = l->backlog >= 0 ? OK(accept(l->fd, NULL, NULL)) : l->fd;
	CHECK_EQ("received", OK(recv(served, buffer, sizeof(buffer), 0)), 5);
	CHECK_MEM("received", buffer, "hello", 5);
	if (l->backlog >= 0) {
		OK(send(served, "back", 4, 0));
		CHECK_EQ("received back", OK(recv(client, buffer, sizeof(buffer), 0)), 4);
		/* the backlog, seen from outside: connections until it says EAGAIN */
		int connected = 0, fd;
		do {
			fd = OK(socket(AF_UNIX, type | SOCK_NONBLOCK, 0));
		} while (!connect(fd, (void *)&l->address, l->length) && ++connected < 200);
		CHECK_EQ("connections that wait", connected, l->backlog + 1);
	}
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	for (size_t i = 0; i < COUNT(listeners); i++)
		start(&listeners[i]);
	int unbound = OK(socket(AF_UNIX, SOCK_STREAM, 0));

	frame_wait();
	SABOTAGE("one does not listen")
		OK(dup2(unbound, listeners[0].fd));
	SABOTAGE("another backlog")
		OK(listen(listeners[1].fd, 2));
	SABOTAGE("an option is lost")
		OK(setsockopt(listeners[4].fd, SOL_SOCKET, SO_RCVBUF, &(int){ 50000 }, 4));
	SABOTAGE("the path is gone")
		OK(unlink(listeners[2].address.sun_path));
	SABOTAGE("the unbound socket is bound")
		OK(bind(unbound, (void *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, 2));

	struct sockaddr_un address;
	socklen_t length = sizeof(address);
	OK(getsockname(unbound, (void *)&address, &length));
	CHECK_EQ("unbound socket", length, 2);
	for (size_t i = 0; i < COUNT(listeners); i++)
		check(&listeners[i]);
	return frame_pass();
}
