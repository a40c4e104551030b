/*
 * Huge pages (hugetlb): private with holes, read-only and without access, shared with a child, a memfd
 * mapped both ways and read through its descriptor. After the restore they are huge pages again, which
 * MADV_DONTNEED empties and fork() copies on write.
 *
 * Needs 48 free huge pages of 2 MiB: the harness adds them to vm.nr_hugepages.
 */
#include "frame.h"

#define HUGE (2UL << 20)
#define HUGE_FLAGS (MAP_HUGETLB | 21 << 26)

static char *map_huge(size_t pages, int flags, int fd)
{
	char *p = mmap(NULL, pages * HUGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		FAIL("mmap of %zu huge pages: %s; vm.nr_hugepages must leave 48 free", pages,
		     strerror(errno));
	return p;
}

static void check_huge(const char *what, const void *address)
{
	struct frame_vma vma;

	if (!frame_vma_at(address, &vma))
		FAIL("%s: not mapped", what);
	CHECK(what, strstr(vma.vm_flags, " ht "));
	CHECK_EQ(what, vma.kernel_page_kb, HUGE / 1024);
}

/* What parent and child have alike, each byte of it but the first page of the private mapping. */
static void check_all(char *private, const char *sparse, const char *shared, const char *file,
		      const char *copy)
{
	frame_check_perms("private", private, 2 * HUGE, "rw-p");
	frame_check_perms("private", private + 2 * HUGE, HUGE, "r--p");
	frame_check_perms("private", private + 3 * HUGE, HUGE, "---p");
	OK(mprotect(private + 3 * HUGE, HUGE, PROT_READ));
	frame_check_zero("private, never touched", private + HUGE, HUGE);
	frame_check_pattern("private, read-only", private + 2 * HUGE, HUGE, 2);
	frame_check_pattern("private, no access", private + 3 * HUGE, HUGE, 3);
	frame_check_zero("sparse, below", sparse, 5 * HUGE);
	frame_check_pattern("sparse", sparse + 5 * HUGE, HUGE, 4);
	frame_check_zero("sparse, above", sparse + 6 * HUGE, 2 * HUGE);
	frame_check_pattern("shared", shared, HUGE, 5);
	frame_check_pattern("memfd", file, HUGE, 6);
	frame_check_zero("memfd's hole", file + HUGE, HUGE + HUGE / 2);
	frame_check_pattern("memfd's end", file + 2 * HUGE + HUGE / 2, HUGE / 2, 7);
	frame_check_pattern("what is not copied of the memfd", copy, HUGE, 6);
	frame_check_zero("what is not copied of the memfd's hole", copy + HUGE, HUGE);
	frame_check_pattern("what is copied of the memfd", copy + 2 * HUGE, HUGE, 8);
}

static void check_child(char *private, const char *sparse, char *shared, const char *file,
			const char *copy)
{
	SABOTAGE("the child's copy is lost")
		frame_fill(private, HUGE, 1);
	SABOTAGE("what the child inherited is lost")
		OK(madvise(private + 2 * HUGE, HUGE, MADV_DONTNEED));
	frame_check_pattern("the child's first page", private, HUGE, 11);
	check_all(private, sparse, shared, file, copy);
	private[0] = 'k';
	CHECK_MEM("what the parent shares", shared + HUGE, "parent", 6);
	frame_check_zero("behind what the parent shares", shared + HUGE + 6, HUGE - 6);
	shared[HUGE + 6] = 'k';
	frame_pass();
}

static void check_fork(char *private)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		private[8] = 1;
		_exit(private[8] == 1 ? 0 : 1);
	}
	frame_reap(pid, 0);
	frame_check_pattern("after a child wrote its copy", private, HUGE, 1);
}

int main(int argc, char **argv)
{
	static char buffer[PAGE];

	frame_start(argc, argv);
	char *private = map_huge(4, MAP_PRIVATE | MAP_ANONYMOUS | HUGE_FLAGS, -1);
	char *sparse = map_huge(8, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | HUGE_FLAGS, -1);
	char *shared = map_huge(2, MAP_SHARED | MAP_ANONYMOUS | HUGE_FLAGS, -1);
	int memfd = OK(memfd_create("huge", MFD_HUGETLB | MFD_ALLOW_SEALING | 21 << 26));
	OK(ftruncate(memfd, 3 * HUGE));
	char *file = map_huge(3, MAP_SHARED, memfd);
	char *copy = map_huge(3, MAP_PRIVATE, memfd);

	frame_fill(private, HUGE, 1);
	frame_fill(private + 2 * HUGE, HUGE, 2);
	frame_fill(private + 3 * HUGE, HUGE, 3);
	OK(mprotect(private + 2 * HUGE, HUGE, PROT_READ));
	OK(mprotect(private + 3 * HUGE, HUGE, PROT_NONE));
	frame_fill(sparse + 5 * HUGE, HUGE, 4);
	frame_fill(shared, HUGE, 5);
	frame_fill(file, HUGE, 6);
	frame_fill(file + 2 * HUGE + HUGE / 2, HUGE / 2, 7);
	frame_fill(copy + 2 * HUGE, HUGE, 8);
	OK(fcntl(memfd, F_ADD_SEALS, F_SEAL_GROW));
	OK(lseek(memfd, 12345, SEEK_SET));

	pid_t pid = frame_fork();
	if (pid == 0)
		frame_fill(private, HUGE, 11);
	frame_wait();
	if (pid == 0)
		check_child(private, sparse, shared, file, copy);
	SABOTAGE("ordinary pages in its place") {
		mmap(private, HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
		frame_fill(private, HUGE, 1);
	}
	SABOTAGE("the content of the memfd is lost")
		memset(file, 0, HUGE);
	SABOTAGE("what was copied of the memfd is lost")
		OK(madvise(copy, 3 * HUGE, MADV_DONTNEED));
	SABOTAGE("a byte where nothing was")
		sparse[8 * HUGE - 1] = 1;
	SABOTAGE("a byte in the memfd's hole")
		file[2 * HUGE] = 1;
	SABOTAGE("what is shared is lost")
		memset(shared, 0, HUGE);
	SABOTAGE("a byte behind what is shared")
		shared[2 * HUGE - 1] = 1;
	SABOTAGE("the part without access is lost") {
		OK(mprotect(private + 3 * HUGE, HUGE, PROT_READ));
		OK(madvise(private + 3 * HUGE, HUGE, MADV_DONTNEED));
		OK(mprotect(private + 3 * HUGE, HUGE, PROT_NONE));
	}

	check_huge("private", private);
	check_huge("private, no access", private + 3 * HUGE);
	check_huge("sparse", sparse);
	check_huge("shared", shared);
	check_huge("memfd", file);
	check_huge("memfd, private", copy);
	frame_check_pattern("private", private, HUGE, 1);
	check_all(private, sparse, shared, file, copy);
	frame_check_zero("shared, never touched", shared + HUGE, HUGE);
	CHECK_EQ("position", OK(lseek(memfd, 0, SEEK_CUR)), 12345);
	CHECK_EQ("seals", OK(fcntl(memfd, F_GET_SEALS)), F_SEAL_GROW);
	CHECK_EQ("read(2)", OK(pread(memfd, buffer, PAGE, PAGE)), PAGE);
	CHECK_MEM("read(2)", buffer, file + PAGE, PAGE);

	file[PAGE] ^= 1;
	CHECK_EQ("one file", copy[PAGE], file[PAGE]);
	file[PAGE] ^= 1;
	memcpy(shared + HUGE, "parent", 6);
	frame_join(pid);
	CHECK_MEM("what both wrote", shared + HUGE, "parentk", 7);
	frame_check_zero("behind what both wrote", shared + HUGE + 7, HUGE - 7);
	frame_check_pattern("the child had its own copy", private, HUGE, 1);
	check_fork(private);
	OK(madvise(private, HUGE, MADV_DONTNEED));
	frame_check_zero("private, given away", private, HUGE);
	OK(madvise(copy + 2 * HUGE, HUGE, MADV_DONTNEED));
	frame_check_zero("the memfd's hole below the copy", copy + 2 * HUGE, HUGE / 2);
	frame_check_pattern("the memfd below the copy", copy + 2 * HUGE + HUGE / 2, HUGE / 2, 7);
	return frame_pass();
}
