/*
 * Files whose flags tell how they were looked up: O_NOFOLLOW on a disk and in memory, O_TMPFILE in
 * memory. Python's multiprocessing opens its shared arrays so. Each has its content and its position,
 * and is written to.
 */
#include "frame.h"

#define TEXT "how it was opened"

struct opened {
	const char *what;
	int fd;
};

static struct opened add(const char *what, int fd)
{
	OK(write(fd, TEXT, sizeof(TEXT)));
	return (struct opened){what, fd};
}

static struct opened unlinked_in_memory(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/shm/open_flags-%d", getpid());
	fd = OK(open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
	OK(unlink(path));
	return add("O_NOFOLLOW in memory", fd);
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	struct opened files[] = {
		add("O_NOFOLLOW", OK(open(frame_path("plain"), O_RDWR | O_CREAT | O_NOFOLLOW, 0600))),
		unlinked_in_memory(),
		add("O_TMPFILE in memory", OK(open("/dev/shm", O_RDWR | O_TMPFILE, 0600))),
	};
	frame_wait();
	SABOTAGE("a position is lost")
		OK(lseek(files[2].fd, 0, SEEK_SET));
	for (size_t i = 0; i < COUNT(files); i++) {
		char text[sizeof(TEXT)] = "";

		CHECK_EQ(files[i].what, OK(lseek(files[i].fd, 0, SEEK_CUR)), sizeof(TEXT));
		CHECK_EQ(files[i].what, OK(pread(files[i].fd, text, sizeof(text), 0)), sizeof(text));
		CHECK_STR(files[i].what, text, TEXT);
		CHECK_EQ(files[i].what, OK(write(files[i].fd, TEXT, sizeof(TEXT))), sizeof(TEXT));
	}
	return frame_pass();
}
