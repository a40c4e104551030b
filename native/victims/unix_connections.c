/*
 * Connections to named UNIX listeners: accepted by a path and by an abstract name, stream and packets,
 * from a child of another user, to a listener that has closed, with data both ways and a side shut down.
 * Afterwards names, peers' names and credentials are the same, and the listeners take new connections.
 */
#include "frame.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define STRANGER 4711

static struct sockaddr_un name_of(const char *path, const char *abstract, socklen_t *size)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	if (path) {
		strncpy(name.sun_path, path, sizeof(name.sun_path) - 1);
		*size = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
	} else {
		strncpy(name.sun_path + 1, abstract, sizeof(name.sun_path) - 2);
		*size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract);
	}
	return name;
}

struct place {
	struct sockaddr_un name;
	socklen_t size;
	int type;
	int listener;
};

static void listen_at(struct place *p, const char *path, const char *abstract, int type)
{
	p->name = name_of(path, abstract, &p->size);
	p->type = type;
	p->listener = OK(socket(AF_UNIX, type, 0));
	OK(bind(p->listener, (struct sockaddr *)&p->name, p->size));
	if (path)
		OK(chmod(path, 0777));
	OK(listen(p->listener, 5));
}

static int connect_to(const struct place *p)
{
	int fd = OK(socket(AF_UNIX, p->type, 0));

	OK(connect(fd, (struct sockaddr *)&p->name, p->size));
	return fd;
}

static void check_names(const char *what, const struct place *p, int client, int server)
{
	struct sockaddr_un name;
	socklen_t size = sizeof(name);

	OK(getsockname(server, (struct sockaddr *)&name, &size));
	CHECK_EQ(what, size, p->size);
	CHECK_MEM(what, &name, &p->name, size);
	size = sizeof(name);
	OK(getpeername(client, (struct sockaddr *)&name, &size));
	CHECK_EQ(what, size, p->size);
	CHECK_MEM(what, &name, &p->name, size);
	size = sizeof(name);
	OK(getsockname(client, (struct sockaddr *)&name, &size));
	CHECK_EQ(what, size, sizeof(sa_family_t));
}

static void check_peer(const char *what, int fd, pid_t pid, uid_t uid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	OK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size));
	CHECK_EQ(what, peer.pid, pid);
	CHECK_EQ(what, peer.uid, uid);
	CHECK_EQ(what, peer.gid, uid);
}

static void expect(const char *what, int fd, const char *text)
{
	char buffer[64] = "";
	ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (n < 0)
		FAIL("%s: %s", what, strerror(errno));
	CHECK_EQ(what, n, strlen(text));
	CHECK_STR(what, buffer, text);
}

static void say(int fd, const char *text)
{
	CHECK_EQ("send", OK(send(fd, text, strlen(text), 0)), strlen(text));
}

static void check_listener(const char *what, const struct place *p, pid_t pid)
{
	int client = connect_to(p), server = OK(accept(p->listener, NULL, NULL));

	check_peer(what, client, pid, 0);
	check_names(what, p, client, server);
	say(client, "new");
	expect(what, server, "new");
	close(client), close(server);
}

/* connects as another user and keeps the connection over the dump */
static void be_stranger(const struct place *p, pid_t parent)
{
	OK(setresgid(STRANGER, STRANGER, 0));
	OK(setresuid(STRANGER, STRANGER, 0));
	int fd = connect_to(p);
	OK(setresuid(0, 0, 0));
	OK(setresgid(0, 0, 0));
	say(fd, "stranger");
	frame_wait();
	check_peer("who listens", fd, parent, 0);
	expect("for the stranger", fd, "hello stranger");
	frame_pass();
}

int main(int argc, char **argv)
{
	struct place path, abstract, packets, gone;
	char word[64];

	frame_start(argc, argv);
	snprintf(word, sizeof(word), "thaw victim %d", getpid());
	listen_at(&path, frame_path("socket"), NULL, SOCK_STREAM);
	listen_at(&abstract, NULL, word, SOCK_STREAM);
	listen_at(&packets, frame_path("packets"), NULL, SOCK_SEQPACKET);
	listen_at(&gone, frame_path("gone"), NULL, SOCK_STREAM);

	int client[4], server[4];
	struct place *places[] = { &path, &abstract, &packets, &gone };
	for (unsigned i = 0; i < COUNT(places); i++) {
		client[i] = connect_to(places[i]);
		server[i] = OK(accept(places[i]->listener, NULL, NULL));
		say(client[i], "to the server");
		say(server[i], "to the client");
	}
	say(client[2], "second packet");
	int second = connect_to(&abstract), accepted = OK(accept(abstract.listener, NULL, NULL));
	OK(shutdown(second, SHUT_WR));
	OK(setsockopt(accepted, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, 4));
	OK(fcntl(accepted, F_SETFL, O_NONBLOCK));
	int left = connect_to(&path), orphan = OK(accept(path.listener, NULL, NULL));
	say(left, "left behind");
	OK(close(left));
	OK(close(gone.listener));
	OK(unlink(gone.name.sun_path));
	pid_t parent = getpid(), pid = frame_fork();
	if (pid == 0)
		be_stranger(&abstract, parent);
	int from_stranger = OK(accept(abstract.listener, NULL, NULL));
	say(from_stranger, "hello stranger");
	frame_wait();
	SABOTAGE("an accepted socket has no name") {
		int pair[2];
		OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		say(pair[0], "to the server"), say(pair[1], "to the client");
		OK(dup2(pair[0], client[1])), OK(dup2(pair[1], server[1]));
	}
	SABOTAGE("the stranger has become root")
		OK(dup2(server[1], from_stranger));
	SABOTAGE("a packet is lost")
		OK(recv(server[2], word, sizeof(word), 0));
	SABOTAGE("the listener is gone")
		OK(close(abstract.listener));
	SABOTAGE("the shutdown is forgotten") {
		close(second), close(accepted);
		second = connect_to(&abstract), accepted = OK(accept(abstract.listener, NULL, NULL));
		OK(fcntl(accepted, F_SETFL, O_NONBLOCK));
	}

	check_peer("the stranger", from_stranger, pid, STRANGER);
	for (unsigned i = 0; i < COUNT(places); i++) {
		check_names("names", places[i], client[i], server[i]);
		check_peer("peer of the client", client[i], parent, 0);
		check_peer("peer of the server", server[i], parent, 0);
		expect("to the server", server[i], "to the server");
		expect("to the client", client[i], "to the client");
	}
	expect("second packet", server[2], "second packet");
	check_names("second connection", &abstract, second, accepted);
	CHECK_EQ("end of what was shut down", recv(accepted, word, 1, 0), 0);
	CHECK_ERRNO(send(second, "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ("O_NONBLOCK", OK(fcntl(accepted, F_GETFL)) & O_NONBLOCK, O_NONBLOCK);
	int value;
	socklen_t size = sizeof(value);
	OK(getsockopt(accepted, SOL_SOCKET, SO_PASSCRED, &value, &size));
	CHECK_EQ("SO_PASSCRED", value, 1);
	struct sockaddr_un name;
	size = sizeof(name);
	OK(getsockname(orphan, (struct sockaddr *)&name, &size));
	CHECK_EQ("name of the orphan", size, path.size);
	CHECK_MEM("name of the orphan", &name, &path.name, size);
	expect("orphan", orphan, "left behind");
	CHECK_EQ("end of the orphan", recv(orphan, word, 1, MSG_DONTWAIT), 0);

	expect("from the stranger", from_stranger, "stranger");
	frame_join(pid);
	for (unsigned i = 0; i < 3; i++)
		check_listener("listener", places[i], parent);
	CHECK_ERRNO(access(gone.name.sun_path, F_OK), ENOENT);
	return frame_pass();
}
