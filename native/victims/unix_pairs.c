/*
 * UNIX socket pairs: queued data both ways (stream, datagrams with their bounds, packets), shut down on a
 * side, peer closed, shared with a child, options, credentials of the peer.
 */
#include "frame.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>

static void expect(const char *what, int fd, const char *text)
{
	char buffer[64] = "";
	ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (n < 0)
		FAIL("%s: %s", what, strerror(errno));
	CHECK_EQ(what, n, strlen(text));
	CHECK_STR(what, buffer, text);
}

int main(int argc, char **argv)
{
	static char content[100000], buffer[100000];
	int stream[2], datagrams[2], packets[2], half[2], orphan[2], family[2];

	frame_start(argc, argv);
	frame_fill(content, sizeof(content), 1);
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, stream));
	OK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, datagrams));
	OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packets));
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, half));
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, orphan));
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, family));
	OK(setsockopt(stream[0], SOL_SOCKET, SO_SNDBUF, &(int){ 300000 }, 4));
	OK(setsockopt(stream[1], SOL_SOCKET, SO_SNDBUF, &(int){ 12345 }, 4));
	OK(send(stream[0], content, sizeof(content), 0));
	OK(send(stream[1], "other way", 9, 0));
	OK(send(datagrams[0], "one", 3, 0));
	OK(send(datagrams[0], "", 0, 0));
	OK(send(datagrams[0], "three", 5, 0));
	OK(send(datagrams[1], "back", 4, 0));
	OK(send(packets[0], "first", 5, 0));
	OK(send(packets[0], "second", 6, 0));
	OK(send(half[0], "last words", 10, 0));
	OK(shutdown(half[0], SHUT_WR));
	OK(send(orphan[1], "orphaned", 8, 0));
	OK(close(orphan[1]));
	pid_t pid = frame_fork();
	if (pid == 0) {
		OK(close(family[0]));
		OK(send(family[1], "early", 5, 0));
	} else {
		OK(close(family[1]));
	}
	frame_wait();
	if (pid == 0) {
		OK(send(family[1], "late", 4, 0));
		frame_pass();
	}
	SABOTAGE("a byte of the stream is lost")
		OK(recv(stream[1], buffer, 1, 0));
	SABOTAGE("an empty datagram is lost") {
		OK(recv(datagrams[1], buffer, 10, 0)), OK(recv(datagrams[1], buffer, 10, 0));
		OK(recv(datagrams[1], buffer, 10, 0));
		OK(send(datagrams[0], "one", 3, 0)), OK(send(datagrams[0], "three", 5, 0));
	}
	SABOTAGE("the shutdown is forgotten")
		OK(socketpair(AF_UNIX, SOCK_STREAM, 0, half)), OK(send(half[0], "last words", 10, 0));
	SABOTAGE("the peer lives")
		OK(socketpair(AF_UNIX, SOCK_STREAM, 0, orphan)), OK(send(orphan[1], "orphaned", 8, 0));
	SABOTAGE("a send buffer is another")
		OK(setsockopt(stream[1], SOL_SOCKET, SO_SNDBUF, &(int){ 12346 }, 4));

	int value;
	socklen_t length = sizeof(value);
	OK(getsockopt(stream[1], SOL_SOCKET, SO_SNDBUF, &value, &length));
	CHECK_EQ("SO_SNDBUF", value, 2 * 12345);
	struct ucred credentials;
	length = sizeof(credentials);
	OK(getsockopt(stream[1], SOL_SOCKET, SO_PEERCRED, &credentials, &length));
	CHECK_EQ("uid of the peer", credentials.uid, 0);
	OK(ioctl(stream[1], SIOCINQ, &value));
	CHECK_EQ("queued in the stream", value, sizeof(content));
	CHECK_EQ("stream", OK(recv(stream[1], buffer, sizeof(buffer), MSG_WAITALL)), sizeof(buffer));
	CHECK_MEM("stream", buffer, content, sizeof(content));
	expect("the other way", stream[0], "other way");
	CHECK_ERRNO(recv(stream[1], buffer, 1, MSG_DONTWAIT), EAGAIN);
	OK(send(stream[0], "new", 3, 0));
	expect("new words", stream[1], "new");

	expect("first datagram", datagrams[1], "one");
	expect("empty datagram", datagrams[1], "");
	expect("third datagram", datagrams[1], "three");
	expect("datagram back", datagrams[0], "back");
	CHECK_ERRNO(recv(datagrams[1], buffer, 1, 0), EAGAIN);
	expect("first packet", packets[1], "first");
	expect("second packet", packets[1], "second");
	CHECK_EQ("close-on-exec", OK(fcntl(packets[0], F_GETFD)), FD_CLOEXEC);

	expect("last words", half[1], "last words");
	CHECK_EQ("end of the half", recv(half[1], buffer, 1, MSG_DONTWAIT), 0);
	CHECK_ERRNO(send(half[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	OK(send(half[1], "open way", 8, 0));
	expect("the way that is open", half[0], "open way");
	expect("words of the closed peer", orphan[0], "orphaned");
	CHECK_EQ("end of the orphan", recv(orphan[0], buffer, 1, MSG_DONTWAIT), 0);
	CHECK_ERRNO(send(orphan[0], "x", 1, MSG_NOSIGNAL), EPIPE);

	expect("early words of the child", family[0], "early");
	OK(kill(pid, SIGUSR2));
	CHECK_EQ("late words of the child", OK(recv(family[0], buffer, 4, MSG_WAITALL)), 4);
	frame_reap(pid, 0);
	CHECK_EQ("the child's end is closed", recv(family[0], buffer, 1, MSG_DONTWAIT), 0);
	return frame_pass();
}
