/*
 * Pipes: content, capacity, O_NONBLOCK at one end only, packets, half closed at either side, an end opened
 * a second time, both ends in different processes, a named FIFO with content.
 */
#include "frame.h"

static int capacity(int fd)
{
	return OK(fcntl(fd, F_GETPIPE_SZ));
}

static void check_flags(const char *what, int fd, int expected)
{
	CHECK_EQ(what, OK(fcntl(fd, F_GETFL)) & (O_ACCMODE | O_NONBLOCK | O_DIRECT), expected);
}

static ino_t inode(int fd)
{
	struct stat st;

	OK(fstat(fd, &st));
	return st.st_ino;
}

int main(int argc, char **argv)
{
	static char content[100000], buffer[200000];
	int big[2], empty[2], packets[2], eof[2], broken[2], to_child[2], from_child[2];
	int full[2];

	frame_start(argc, argv);
	frame_fill(content, sizeof(content), 1);
	OK(pipe2(big, O_CLOEXEC));
	OK(fcntl(big[1], F_SETPIPE_SZ, 1 << 20));
	OK(write(big[1], content, sizeof(content)));
	OK(read(big[0], buffer, 100));	/* its first buffer is no longer whole */
	OK(pipe(empty));
	OK(fcntl(empty[0], F_SETFL, O_NONBLOCK));
	OK(fcntl(empty[1], F_SETPIPE_SZ, 4096));
	OK(pipe2(packets, O_DIRECT));
	OK(write(packets[1], "one", 3));
	OK(write(packets[1], "second", 6));
	OK(pipe(eof));
	OK(write(eof[1], "rest", 4));
	OK(close(eof[1]));
	OK(pipe(broken));
	OK(close(broken[0]));
	OK(pipe2(full, O_NONBLOCK));
	long filled = 0, n;
	while ((n = write(full[1], content, 4096)) > 0)
		filled += n;
	int again = OK(open("/proc/self/fd/3", O_RDONLY | O_NONBLOCK));	/* big[0] is 3 */
	CHECK_EQ("first descriptor", big[0], 3);
	char *path = frame_path("fifo");
	OK(mkfifo(path, 0600));
	int fifo_in = OK(open(path, O_RDONLY | O_NONBLOCK)), fifo_out = OK(open(path, O_WRONLY));
	int fifo_both = OK(open(path, O_RDWR));
	OK(write(fifo_out, "named", 5));
	OK(pipe(to_child));
	OK(pipe(from_child));

	pid_t pid = frame_fork();
	if (pid == 0) {
		OK(close(to_child[1])), OK(close(from_child[0]));
		OK(write(from_child[1], "early", 5));
	} else {
		OK(close(to_child[0])), OK(close(from_child[1]));
		OK(write(to_child[1], "before", 6));
	}
	frame_wait();
	if (pid == 0) {
		CHECK_EQ("from the parent", OK(read(to_child[0], buffer, 12)), 11);
		CHECK_MEM("from the parent", buffer, "beforeafter", 11);
		OK(write(from_child[1], "late", 4));
		frame_pass();
	}
	SABOTAGE("a byte is lost")
		OK(read(big[0], buffer, 1));
	SABOTAGE("another capacity")
		OK(fcntl(big[0], F_SETPIPE_SZ, 1 << 19));
	SABOTAGE("nonblocking is lost")
		OK(fcntl(empty[0], F_SETFL, 0));
	SABOTAGE("packets run together") {
		OK(read(packets[0], buffer, 100)), OK(read(packets[0], buffer, 100));
		OK(write(packets[1], "onesecond", 9));
	}
	SABOTAGE("the other end is open") {
		OK(pipe(eof));
		OK(write(eof[1], "rest", 4));
		OK(fcntl(eof[0], F_SETFL, O_NONBLOCK));
	}
	SABOTAGE("what the FIFO held is lost")
		OK(read(fifo_in, buffer, 1));
	SABOTAGE("the child's words are lost")
		OK(read(from_child[0], buffer, 5));
	SABOTAGE("two descriptors are two pipes")
		OK(pipe2((int[2]){ 0, 0 }, 0)), OK(dup2(empty[0], again));

	CHECK_EQ("capacity", capacity(big[0]), 1 << 20);
	CHECK_EQ("small capacity", capacity(empty[0]), 4096);
	CHECK_EQ("common capacity", capacity(eof[0]), 65536);
	check_flags("big", big[0], O_RDONLY);
	check_flags("big, for writing", big[1], O_WRONLY);
	check_flags("big, opened again", again, O_RDONLY | O_NONBLOCK);
	check_flags("empty", empty[0], O_RDONLY | O_NONBLOCK);
	check_flags("empty, for writing", empty[1], O_WRONLY);
	check_flags("packets", packets[1], O_WRONLY | O_DIRECT);
	check_flags("full", full[1], O_WRONLY | O_NONBLOCK);
	CHECK_EQ("close-on-exec", OK(fcntl(big[0], F_GETFD)), FD_CLOEXEC);
	CHECK_EQ("no close-on-exec", OK(fcntl(empty[0], F_GETFD)), 0);
	CHECK_EQ("one pipe", inode(big[0]) == inode(big[1]) && inode(big[0]) == inode(again), 1);
	CHECK_EQ("another pipe", inode(big[0]) != inode(empty[0]), 1);

	size_t got = 0;
	OK(fcntl(big[0], F_SETFL, O_NONBLOCK));	/* what is missing must not be waited for */
	OK(fcntl(from_child[0], F_SETFL, O_NONBLOCK));
	while (got < sizeof(content) - 100)
		got += OK(read(got % 3 ? big[0] : again, buffer + got, 12345));
	CHECK_EQ("content", got, sizeof(content) - 100);
	CHECK_MEM("content", buffer, content + 100, sizeof(content) - 100);
	CHECK_ERRNO(read(again, buffer, 1), EAGAIN);
	CHECK_ERRNO(read(empty[0], buffer, 1), EAGAIN);
	OK(write(empty[1], "x", 1));
	CHECK_EQ("through the empty pipe", OK(read(empty[0], buffer, 10)), 1);
	CHECK_EQ("first packet", OK(read(packets[0], buffer, 100)), 3);
	CHECK_EQ("second packet", OK(read(packets[0], buffer, 4)), 4);
	CHECK_MEM("second packet", buffer, "seco", 4);
	OK(write(packets[1], "3", 1));
	CHECK_EQ("the rest of a packet is dropped", OK(read(packets[0], buffer, 100)), 1);
	CHECK_EQ("rest of a closed pipe", OK(read(eof[0], buffer, 100)), 4);
	CHECK_MEM("rest of a closed pipe", buffer, "rest", 4);
	CHECK_EQ("its end", OK(read(eof[0], buffer, 100)), 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERRNO(write(broken[1], "x", 1), EPIPE);
	CHECK_ERRNO(write(full[1], content, 4096), EAGAIN);
	for (got = 0; (n = read(full[0], buffer, 4096)) > 0; got += n)
		CHECK_MEM("full pipe", buffer, content, n);
	CHECK_EQ("full pipe", got, filled);

	char link[512];
	snprintf(buffer, 64, "/proc/self/fd/%d", fifo_in);
	link[OK(readlink(buffer, link, sizeof(link) - 1))] = 0;
	CHECK_STR("FIFO", link, path);
	CHECK_EQ("FIFO", OK(read(fifo_both, buffer, 3)), 3);
	CHECK_MEM("FIFO", buffer, "nam", 3);
	CHECK_EQ("FIFO", OK(read(fifo_in, buffer, 100)), 2);
	CHECK_MEM("FIFO", buffer, "ed", 2);
	CHECK_ERRNO(read(fifo_in, buffer, 100), EAGAIN);

	OK(write(to_child[1], "after", 5));
	CHECK_EQ("early words of the child", OK(read(from_child[0], buffer, 5)), 5);
	CHECK_MEM("early words of the child", buffer, "early", 5);
	OK(fcntl(from_child[0], F_SETFL, 0));
	OK(kill(pid, SIGUSR2));
	CHECK_EQ("late words of the child", OK(read(from_child[0], buffer, 100)), 4);
	frame_reap(pid, 0);
	CHECK_EQ("the child was the last writer", OK(read(from_child[0], buffer, 100)), 0);
	return frame_pass();
}
