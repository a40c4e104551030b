/* Three thousand descriptors: files, pipes, eventfds, dups, with gaps and with offsets that all differ. */
#include "frame.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

#define MANY 3000

int main(int argc, char **argv)
{
	struct stat st;

	frame_start(argc, argv);
	OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 10000, 20000 }));
	char *path = frame_path("file");
	OK(close(OK(open(path, O_RDWR | O_CREAT, 0600))));
	/* every 6: a file with its offset, its dup, the ends of a pipe with a word in it, an eventfd, a gap */
	for (int fd = 6; fd < MANY; fd += 6) {
		int pipe_fds[2];
		int file = OK(open(path, O_RDWR));
		int event = OK(eventfd(fd, EFD_NONBLOCK));
		OK(lseek(file, fd * 1000L, SEEK_SET));
		OK(pipe2(pipe_fds, O_NONBLOCK));
		OK(write(pipe_fds[1], &fd, sizeof(fd)));
		const int made[] = { file, file, pipe_fds[0], pipe_fds[1], event };
		for (int i = 0; i < 5; i++)
			OK(dup3(made[i], MANY + fd + i, i % 2 ? O_CLOEXEC : 0));
		OK(close(file)), OK(close(pipe_fds[0])), OK(close(pipe_fds[1])), OK(close(event));
	}
	frame_wait();
	SABOTAGE("one offset differs")
		OK(lseek(MANY + 1200, 0, SEEK_SET));
	SABOTAGE("one pipe is empty")
		OK(read(MANY + 1802, &st, 4));
	SABOTAGE("one descriptor is missing")
		OK(close(MANY + 2404));
	SABOTAGE("one gap is filled")
		OK(dup2(0, MANY + 2405));
	for (int fd = 6; fd < MANY; fd += 6) {
		uint64_t count;
		int value = 0;
		for (int i = 0; i < 5; i++)
			CHECK_EQ("close-on-exec", fcntl(MANY + fd + i, F_GETFD), i % 2 ? FD_CLOEXEC : 0);
		CHECK_ERRNO(fcntl(MANY + fd + 5, F_GETFD), EBADF);
		CHECK_EQ("offset", OK(lseek(MANY + fd + 1, 0, SEEK_CUR)), fd * 1000L);
		OK(lseek(MANY + fd, fd, SEEK_SET));
		CHECK_EQ("offset of the dup", OK(lseek(MANY + fd + 1, 0, SEEK_CUR)), fd);
		CHECK_EQ("pipe", read(MANY + fd + 2, &value, sizeof(value)), 4);
		CHECK_EQ("word in the pipe", value, fd);
		CHECK_EQ("eventfd", read(MANY + fd + 4, &count, 8), 8);
		CHECK_EQ("count", count, fd);
	}
	for (int fd = 3; fd < MANY + 6; fd++)
		CHECK_ERRNO(fcntl(fd, F_GETFD), EBADF);
	return frame_pass();
}
