/*
 * memfds: content, size, offset, name, seals; mapped twice, shared with a child, with a private mapping,
 * read through the descriptor.
 */
#include "frame.h"

#define SIZE (300 * PAGE + 100)
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

static char *link_of(int fd)
{
	static char target[256];
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	target[OK(readlink(path, target, sizeof(target) - 1))] = 0;
	return target;
}

static void check_content(int fd)
{
	static char buffer[300 * PAGE];

	CHECK_EQ("read", OK(pread(fd, buffer, sizeof(buffer), 0)), sizeof(buffer));
	frame_check_pattern("read", buffer, 200 * PAGE, 1);
	frame_check_zero("read, hole", buffer + 200 * PAGE, 99 * PAGE);
	frame_check_pattern("read, last page", buffer + 299 * PAGE, PAGE, 2);
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);

	int fd = OK(memfd_create("content", MFD_ALLOW_SEALING));
	OK(ftruncate(fd, SIZE));
	char *one = mmap(NULL, 301 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *two = mmap(NULL, 100 * PAGE, PROT_READ, MAP_SHARED, fd, 50 * PAGE);
	char *private = mmap(NULL, 100 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK("mmap", one != MAP_FAILED && two != MAP_FAILED && private != MAP_FAILED);
	frame_fill(one, 200 * PAGE, 1);
	frame_fill(one + 299 * PAGE, PAGE, 2);
	frame_fill(private + 3 * PAGE, PAGE, 3);
	OK(fcntl(fd, F_ADD_SEALS, SEALS));
	OK(lseek(fd, 12345, SEEK_SET));

	int sealed = OK(memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	OK(write(sealed, "constant", 8));
	OK(fcntl(sealed, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW));
	int plain = OK(memfd_create("plain", 0));
	OK(ftruncate(plain, 3 * PAGE));
	OK(pwrite(plain, "x", 1, PAGE + 5));

	pid_t pid = frame_fork();
	frame_wait();
	if (pid == 0) {
		SABOTAGE("the child has a copy")
			OK(mmap(one, 300 * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		CHECK_EQ("word of the parent", *(uint64_t *)(one + 250 * PAGE), 77);
		*(uint64_t *)(one + 250 * PAGE + 8) = 78;
		*(uint64_t *)(private) = 79;
		frame_pass();
	}
	SABOTAGE("a page differs")
		one[150 * PAGE] ^= 1;
	SABOTAGE("the private page is lost")
		OK(madvise(private, 100 * PAGE, MADV_DONTNEED));
	SABOTAGE("the offset is lost")
		OK(lseek(fd, 0, SEEK_SET));
	SABOTAGE("the plain memfd has another size")
		OK(ftruncate(plain, 2 * PAGE));
	SABOTAGE("the content of the plain memfd is lost")
		OK(pwrite(plain, "y", 1, PAGE + 5));
	SABOTAGE("another seal")
		OK(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	SABOTAGE("not close-on-exec")
		OK(fcntl(sealed, F_SETFD, 0));

	CHECK_EQ("offset", OK(lseek(fd, 0, SEEK_CUR)), 12345);
	CHECK_EQ("close-on-exec", OK(fcntl(fd, F_GETFD)), 0);
	CHECK_EQ("close-on-exec of sealed", OK(fcntl(sealed, F_GETFD)), FD_CLOEXEC);
	CHECK_STR("name", link_of(fd), "/memfd:content (deleted)");
	CHECK_STR("name", link_of(sealed), "/memfd:sealed (deleted)");
	CHECK_EQ("seals", OK(fcntl(fd, F_GET_SEALS)), SEALS);
	CHECK_EQ("seals", OK(fcntl(sealed, F_GET_SEALS)),
		 F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	CHECK_EQ("seals", OK(fcntl(plain, F_GET_SEALS)), F_SEAL_SEAL);
	CHECK_ERRNO(write(sealed, "x", 1), EPERM);
	CHECK_ERRNO(ftruncate(fd, PAGE), EPERM);
	struct stat st;
	OK(fstat(fd, &st));
	CHECK_EQ("size", st.st_size, SIZE);
	OK(fstat(sealed, &st));
	CHECK_EQ("size of sealed", st.st_size, 8);
	OK(fstat(plain, &st));
	CHECK_EQ("size of plain", st.st_size, 3 * PAGE);
	char byte;
	CHECK_EQ("read", OK(pread(plain, &byte, 1, PAGE + 5)), 1);
	CHECK_EQ("content of plain", byte, 'x');

	check_content(fd);
	frame_check_perms("one", one, 301 * PAGE, "rw-s");
	frame_check_perms("two", two, 100 * PAGE, "r--s");
	frame_check_perms("private", private, 100 * PAGE, "rw-p");
	frame_check_pattern("mapped", one, 200 * PAGE, 1);
	frame_check_zero("mapped, hole", one + 200 * PAGE, 99 * PAGE);
	CHECK_MEM("second mapping", two, one + 50 * PAGE, 100 * PAGE);
	frame_check_pattern("private page", private + 3 * PAGE, PAGE, 3);
	CHECK_MEM("private, below", private, one, 3 * PAGE);
	CHECK_MEM("private, above", private + 4 * PAGE, one + 4 * PAGE, 96 * PAGE);

	*(uint64_t *)(one + 250 * PAGE) = 77;
	frame_join(pid);
	CHECK_EQ("word of the child", *(uint64_t *)(one + 250 * PAGE + 8), 78);
	uint64_t words[2];
	OK(pread(fd, words, sizeof(words), 250 * PAGE));
	CHECK_EQ("word read through the descriptor", words[1], 78);
	OK(pwrite(fd, "abc", 3, 100 * PAGE));
	CHECK_MEM("written through the descriptor", two + 50 * PAGE, "abc", 3);
	return frame_pass();
}
