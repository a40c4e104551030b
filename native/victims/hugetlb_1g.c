/*
 * Huge pages of 1 GiB: one private, one of a memfd that is mapped shared. Their ends hold content, the
 * middle a page of 4 KiB here and there.
 *
 * VICTIM_ALONE: needs two free pages of 1 GiB, which few machines have; GiganticPagesIT runs it where they
 * are to be had.
 */
#include "frame.h"

#define HUGE (1UL << 30)
#define HUGE_SHIFT 30
#define FULL (16UL << 20)
#define STRIDE (128UL * PAGE)

static char *map_huge(int flags, int fd)
{
	char *p = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		FAIL("mmap of a page of 1 GiB: %s; two must be free", strerror(errno));
	return p;
}

static void fill(char *start, uint64_t seed)
{
	frame_fill(start, FULL, seed);
	for (size_t at = FULL; at < HUGE - FULL; at += STRIDE)
		frame_fill(start + at, PAGE, seed + at);
	frame_fill(start + HUGE - FULL, FULL, seed + 1);
}

static void check(const char *what, const char *start, uint64_t seed)
{
	struct frame_vma vma;

	if (!frame_vma_at(start, &vma))
		FAIL("%s: not mapped", what);
	CHECK_EQ(what, vma.kernel_page_kb, HUGE / 1024);
	frame_check_pattern(what, start, FULL, seed);
	for (size_t at = FULL; at < HUGE - FULL; at += STRIDE) {
		frame_check_pattern(what, start + at, PAGE, seed + at);
		frame_check_zero(what, start + at + PAGE, STRIDE - PAGE);
	}
	frame_check_pattern(what, start + HUGE - FULL, FULL, seed + 1);
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	int memfd = OK(memfd_create("huge", MFD_HUGETLB | (unsigned)HUGE_SHIFT << 26));
	OK(ftruncate(memfd, HUGE));
	char *private = map_huge(MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | HUGE_SHIFT << 26, -1);
	char *shared = map_huge(MAP_SHARED, memfd);

	fill(private, 1);
	fill(shared, 3);
	frame_wait();
	SABOTAGE("the content is lost")
		OK(madvise(private, HUGE, MADV_DONTNEED));
	SABOTAGE("one bit of the memfd is lost")
		shared[HUGE - 1] ^= 1;
	SABOTAGE("a byte where nothing was")
		private[HUGE / 2 + 2 * PAGE - 1] = 1;

	check("private", private, 1);
	check("memfd", shared, 3);
	shared[4711] ^= 1;
	char byte;
	CHECK_EQ("read(2)", OK(pread(memfd, &byte, 1, 4711)), 1);
	CHECK_EQ("one file", byte, shared[4711]);
	OK(madvise(private, HUGE, MADV_DONTNEED));
	frame_check_zero("private, given away", private, HUGE);
	return frame_pass();
}
