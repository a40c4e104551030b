/*
 * Regular files and directories: offsets, flags, open file descriptions shared by dup and fork, O_APPEND,
 * O_PATH, close-on-exec, a directory with its position, high numbers and gaps.
 */
#include "frame.h"

#include <dirent.h>
#include <sys/resource.h>

#define HIGH 900

static char *link_of(int fd)
{
	static char target[512];
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	target[OK(readlink(path, target, sizeof(target) - 1))] = 0;
	return target;
}

static bool same_description(int a, int b)
{
	return OK(syscall(SYS_kcmp, getpid(), getpid(), 0 /* KCMP_FILE */, a, b)) == 0;
}

/* Names that getdents(2) has still to give, one letter each. */
static void read_rest(int fd, char *names)
{
	char buffer[256];
	long n;

	while ((n = OK(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)))) > 0) {
		for (long i = 0; i < n; i += *(unsigned short *)(buffer + i + 16))
			if (buffer[i + 19] != '.')
				*names++ = buffer[i + 19];
	}
	*names = 0;
}

int main(int argc, char **argv)
{
	char rest[64], rest_now[64], byte;

	frame_start(argc, argv);
	char *path = frame_path("file"), *directory = frame_path("directory");
	int rw = OK(open(path, O_RDWR | O_CREAT | O_EXCL, 0640));
	OK(write(rw, "0123456789", 10));
	OK(lseek(rw, 4, SEEK_SET));
	int twin = OK(dup(rw));
	int high = OK(fcntl(rw, F_DUPFD_CLOEXEC, HIGH));
	int other = OK(open(path, O_RDONLY | O_CLOEXEC | O_NOATIME));
	OK(lseek(other, 1L << 40, SEEK_SET));
	int append = OK(open(path, O_WRONLY | O_APPEND | O_NONBLOCK));
	int sync = OK(open(path, O_WRONLY | O_SYNC));
	int write_only = OK(open(path, O_WRONLY));
	int by_path = OK(open(path, O_PATH));
	OK(mkdir(directory, 0755));
	for (char c = 'a'; c < 'z'; c++) {
		int fd = OK(openat(OK(open(directory, O_PATH)), (char[]){ c, 0 }, O_CREAT | O_WRONLY, 0600));
		OK(close(fd));
		OK(close(fd - 1));
	}
	int dir = OK(open(directory, O_RDONLY | O_DIRECTORY));
	char buffer[256];
	OK(syscall(SYS_getdents64, dir, buffer, sizeof(buffer)));
	off_t position = OK(lseek(dir, 0, SEEK_CUR));
	read_rest(dir, rest);
	OK(lseek(dir, position, SEEK_SET));

	pid_t pid = frame_fork();
	frame_wait();
	if (pid == 0) {
		CHECK_EQ("the parent moved the offset", OK(lseek(rw, 0, SEEK_CUR)), 6);
		OK(lseek(twin, 9, SEEK_SET));
		frame_pass();
	}
	SABOTAGE("an offset is lost")
		OK(lseek(rw, 0, SEEK_SET));
	SABOTAGE("a far offset is lost")
		OK(lseek(other, 0, SEEK_SET));
	SABOTAGE("dup is a description of its own") {
		int fd = OK(open(path, O_RDWR));
		OK(lseek(fd, 4, SEEK_SET));
		OK(dup2(fd, twin));
		OK(close(fd));
	}
	SABOTAGE("O_APPEND is lost")
		OK(fcntl(append, F_SETFL, O_NONBLOCK));
	SABOTAGE("O_NONBLOCK is lost")
		OK(fcntl(append, F_SETFL, O_APPEND));
	SABOTAGE("close-on-exec is lost")
		OK(fcntl(high, F_SETFD, 0));
	SABOTAGE("the position in the directory is lost")
		OK(lseek(dir, 0, SEEK_SET));
	SABOTAGE("the O_PATH descriptor can be read")
		OK(dup2(rw, by_path));
	SABOTAGE("one descriptor too many")
		OK(dup2(rw, 500));
	SABOTAGE("the parent has a description of its own") {
		int fd = OK(open(path, O_RDWR));
		OK(lseek(fd, 4, SEEK_SET));
		OK(dup2(fd, rw)), OK(dup2(fd, twin)), OK(dup3(fd, high, O_CLOEXEC));
		OK(close(fd));
	}

	const int open_fds[] = { 0, 1, 2, rw, twin, high, other, append, sync, write_only, by_path, dir };
	for (int fd = 0; fd < 1024; fd++) {
		bool expected = false;
		for (size_t i = 0; i < COUNT(open_fds); i++)
			expected |= open_fds[i] == fd;
		if ((fcntl(fd, F_GETFD) >= 0) != expected)
			FAIL("descriptor %d: expected %s", fd, expected ? "open" : "closed");
	}
	const int on_file[] = { rw, twin, high, other, append, sync, write_only, by_path };
	for (size_t i = 0; i < COUNT(on_file); i++)
		CHECK_STR("file", link_of(on_file[i]), path);
	CHECK_STR("directory", link_of(dir), directory);

	CHECK_EQ("offset", OK(lseek(rw, 0, SEEK_CUR)), 4);
	CHECK_EQ("offset of the other", OK(lseek(other, 0, SEEK_CUR)), 1L << 40);
	CHECK_EQ("offset of append", OK(lseek(append, 0, SEEK_CUR)), 0);
	CHECK_EQ("flags", OK(fcntl(rw, F_GETFL)) & ~O_LARGEFILE & ~0100000, O_RDWR);
	CHECK_EQ("flags of the other", OK(fcntl(other, F_GETFL)) & (O_ACCMODE | O_NOATIME | O_APPEND), O_NOATIME);
	CHECK_EQ("flags of append", OK(fcntl(append, F_GETFL)) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
		 O_WRONLY | O_APPEND | O_NONBLOCK);
	CHECK_EQ("flags of sync", OK(fcntl(sync, F_GETFL)) & (O_ACCMODE | O_SYNC), O_WRONLY | O_SYNC);
	CHECK_EQ("flags of write-only", OK(fcntl(write_only, F_GETFL)) & O_ACCMODE, O_WRONLY);
	CHECK_EQ("flags of O_PATH", OK(fcntl(by_path, F_GETFL)) & O_PATH, O_PATH);
	CHECK_ERRNO(read(by_path, &byte, 1), EBADF);
	CHECK_ERRNO(read(write_only, &byte, 1), EBADF);
	CHECK_ERRNO(write(other, "x", 1), EBADF);
	CHECK_EQ("close-on-exec", OK(fcntl(rw, F_GETFD)), 0);
	CHECK_EQ("close-on-exec of high", OK(fcntl(high, F_GETFD)), FD_CLOEXEC);
	CHECK_EQ("close-on-exec of other", OK(fcntl(other, F_GETFD)), FD_CLOEXEC);
	CHECK("dup shares", same_description(rw, twin) && same_description(rw, high));
	CHECK("opened again does not share", !same_description(rw, write_only));

	CHECK_EQ("read", OK(read(twin, &byte, 1)), 1);
	CHECK_EQ("byte", byte, '4');
	CHECK_EQ("offset moved for all", OK(lseek(high, 0, SEEK_CUR)), 5);
	OK(write(append, "A", 1));
	CHECK_EQ("appended", OK(pread(rw, &byte, 1, 10)), 1);
	CHECK_EQ("appended", byte, 'A');
	CHECK_EQ("position in the directory", OK(lseek(dir, 0, SEEK_CUR)), position);
	read_rest(dir, rest_now);
	CHECK_STR("rest of the directory", rest_now, rest);
	OK(lseek(rw, 6, SEEK_SET));
	frame_join(pid);
	CHECK_EQ("offset moved by the child", OK(lseek(rw, 0, SEEK_CUR)), 9);
	return frame_pass();
}
