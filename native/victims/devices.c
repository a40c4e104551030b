/* Character devices without a state of their own: null, zero, full, random, urandom, with their flags. */
#include "frame.h"

#include <sys/sysmacros.h>

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		unsigned minor;
		int flags;
	} devices[] = { { "/dev/null", 3, O_RDWR },		  { "/dev/zero", 5, O_RDONLY },
			{ "/dev/full", 7, O_WRONLY | O_NONBLOCK }, { "/dev/urandom", 9, O_RDONLY },
			{ "/dev/random", 8, O_RDONLY | O_NONBLOCK }, { "/dev/null", 3, O_WRONLY | O_APPEND } };
	int fds[COUNT(devices)];

	frame_start(argc, argv);
	for (size_t i = 0; i < COUNT(devices); i++)
		fds[i] = OK(open(devices[i].path, devices[i].flags));
	/* a private mapping of /dev/zero is anonymous memory */
	char *map = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fds[1], 0);
	CHECK("mmap of /dev/zero", map != MAP_FAILED);
	frame_fill(map + PAGE, PAGE, 1);

	frame_wait();
	SABOTAGE("another device")
		OK(dup2(fds[0], fds[1]));
	SABOTAGE("flags are lost")
		OK(fcntl(fds[2], F_SETFL, 0));
	SABOTAGE("the mapping is lost")
		OK(madvise(map, 16 * PAGE, MADV_DONTNEED));

	for (size_t i = 0; i < COUNT(devices); i++) {
		struct stat st;
		OK(fstat(fds[i], &st));
		CHECK_EQ("character device", S_ISCHR(st.st_mode), 1);
		CHECK_EQ("major", major(st.st_rdev), 1);
		CHECK_EQ("minor", minor(st.st_rdev), devices[i].minor);
		CHECK_EQ("flags", OK(fcntl(fds[i], F_GETFL)) & (O_ACCMODE | O_NONBLOCK | O_APPEND),
			 devices[i].flags);
	}
	char bytes[16];
	CHECK_EQ("read of null", read(fds[0], bytes, 16), 0);
	CHECK_EQ("write to null", write(fds[0], "x", 1), 1);
	memset(bytes, 1, 16);
	CHECK_EQ("read of zero", read(fds[1], bytes, 16), 16);
	frame_check_zero("zero", bytes, 16);
	CHECK_ERRNO(write(fds[2], "x", 1), ENOSPC);
	CHECK_EQ("read of urandom", read(fds[3], bytes, 16), 16);
	frame_check_pattern("mapping of zero", map + PAGE, PAGE, 1);
	frame_check_zero("mapping of zero", map + 2 * PAGE, 14 * PAGE);
	return frame_pass();
}
