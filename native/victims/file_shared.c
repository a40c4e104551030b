/* A file mapped shared, writable and read-only, at an offset, also by a child: the file's own pages. */
#include "frame.h"

#define SIZE (128 * PAGE)

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	char *path = frame_path("file");
	int fd = OK(open(path, O_RDWR | O_CREAT | O_EXCL, 0600));
	OK(ftruncate(fd, SIZE));
	char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *half = mmap(NULL, SIZE / 2, PROT_READ, MAP_SHARED, fd, SIZE / 2);
	CHECK("mmap", map != MAP_FAILED && half != MAP_FAILED);
	frame_fill(map, SIZE, 1);
	OK(close(fd));

	pid_t pid = frame_fork();
	frame_wait();
	if (pid == 0) {
		CHECK_MEM("what the parent wrote", half, "parent", 6);
		memcpy(map + 5, "child", 5);
		frame_pass();
	}
	SABOTAGE("the mapping is private") {
		char copy[PAGE];
		memcpy(copy, map, PAGE);
		OK(mmap(map, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		memcpy(map, copy, PAGE);
	}
	SABOTAGE("the second mapping is at another offset") {
		fd = OK(open(path, O_RDWR));
		OK(mmap(half, SIZE / 2, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0));
	}
	struct frame_vma vma;
	CHECK("mapped", frame_vma_at(map, &vma));
	CHECK_STR("the mapping's file", vma.path, path);
	frame_check_perms("map", map, SIZE, "rw-s");
	frame_check_perms("half", half, SIZE / 2, "r--s");
	frame_check_pattern("map", map, SIZE, 1);
	CHECK_MEM("half", half, map + SIZE / 2, SIZE / 2);
	memcpy(map + SIZE / 2, "parent", 6);
	CHECK_MEM("through the other mapping", half, "parent", 6);
	frame_join(pid);
	CHECK_MEM("what the child wrote", map + 5, "child", 5);
	char *content = frame_read_file(path, NULL);
	CHECK_MEM("the file", content, map, SIZE);
	return frame_pass();
}
