/*
 * A deleted file of /dev/shm, open and mapped by two processes, one of them without a descriptor: how
 * shm_open and many allocators share memory.
 */
#include "frame.h"

#define SIZE (256 * PAGE)

int main(int argc, char **argv)
{
	char path[64];

	frame_start(argc, argv);
	snprintf(path, sizeof(path), "/dev/shm/thaw-victim-%d", getpid());
	int fd = OK(open(path, O_RDWR | O_CREAT | O_EXCL, 0640));
	OK(ftruncate(fd, SIZE));
	char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK("mmap", map != MAP_FAILED);
	OK(unlink(path));
	frame_fill(map, SIZE / 2, 1);
	OK(lseek(fd, 333, SEEK_SET));
	pid_t pid = frame_fork();
	if (pid == 0)
		OK(close(fd));
	frame_wait();
	if (pid == 0) {
		frame_check_pattern("in the child", map + PAGE, PAGE, 9);
		map[SIZE - 1] = 'c';
		frame_pass();
	}
	SABOTAGE("the mapping is a copy") {
		OK(mmap(map, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		frame_fill(map, SIZE / 2, 1);
	}
	SABOTAGE("the size differs")
		OK(ftruncate(fd, SIZE + 1));
	SABOTAGE("the offset is lost")
		OK(lseek(fd, 0, SEEK_SET));

	struct stat st;
	OK(fstat(fd, &st));
	CHECK_EQ("size", st.st_size, SIZE);
	CHECK_EQ("links", st.st_nlink, 0);
	CHECK_EQ("offset", OK(lseek(fd, 0, SEEK_CUR)), 333);
	CHECK_EQ("flags", OK(fcntl(fd, F_GETFL)) & O_ACCMODE, O_RDWR);
	frame_check_perms("map", map, SIZE, "rw-s");
	frame_check_pattern("map", map, SIZE / 2, 1);
	frame_check_zero("hole", map + SIZE / 2, SIZE / 2);
	static char content[SIZE];
	CHECK_EQ("read", OK(pread(fd, content, SIZE, 0)), SIZE);
	CHECK_MEM("read", content, map, SIZE);
	frame_fill(map + PAGE, PAGE, 9);
	frame_join(pid);
	CHECK_EQ("read", OK(pread(fd, content, 1, SIZE - 1)), 1);
	CHECK_EQ("what the child wrote", content[0], 'c');
	return frame_pass();
}
