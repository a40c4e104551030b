/*
 * Private anonymous memory of all kinds: dense, holes, pages that were only read (zero page), read-only,
 * PROT_NONE over content, executable code, guard gaps between neighbours, 64 GiB with three pages in it.
 */
#include "frame.h"

#define DENSE (8UL << 20)
#define SPARSE (64UL << 30)

static const unsigned char return_42[] = { 0xb8, 42, 0, 0, 0, 0xc3 };

int main(int argc, char **argv)
{
	frame_start(argc, argv);

	char *dense = frame_map(DENSE, PROT_READ | PROT_WRITE, 0);
	frame_fill(dense, DENSE, 1);

	/* every third page written, every third read, every third never touched */
	char *holes = frame_map(DENSE, PROT_READ | PROT_WRITE, 0);
	volatile unsigned long sum = 0;
	for (size_t i = 0; i < DENSE / PAGE; i++) {
		if (i % 3 == 0)
			frame_fill(holes + i * PAGE, PAGE, 1000 + i);
		else if (i % 3 == 1)
			sum += holes[i * PAGE];
	}

	/* a page of zeros that was written is as zero as a hole */
	char *zeros = frame_map(64 * PAGE, PROT_READ | PROT_WRITE, 0);
	memset(zeros, 0, 64 * PAGE);

	char *constant = frame_map(64 * PAGE, PROT_READ | PROT_WRITE, 0);
	frame_fill(constant, 64 * PAGE, 2);
	OK(mprotect(constant, 64 * PAGE, PROT_READ));

	char *none = frame_map(64 * PAGE, PROT_READ | PROT_WRITE, 0);
	frame_fill(none, 64 * PAGE, 3);
	OK(mprotect(none, 64 * PAGE, PROT_NONE));

	unsigned char *code = frame_map(4 * PAGE, PROT_READ | PROT_WRITE, 0);
	memcpy(code + 2 * PAGE, return_42, sizeof(return_42));
	OK(mprotect(code, 4 * PAGE, PROT_READ | PROT_EXEC));

	/* islands of two pages with an unmapped page between them */
	char *islands = frame_map(96 * PAGE, PROT_READ | PROT_WRITE, 0);
	for (size_t i = 0; i < 96; i += 3) {
		frame_fill(islands + i * PAGE, 2 * PAGE, 2000 + i);
		OK(munmap(islands + (i + 2) * PAGE, PAGE));
	}

	char *sparse = frame_map(SPARSE, PROT_READ | PROT_WRITE, MAP_NORESERVE);
	const size_t places[] = { 0, SPARSE / 2 + 7 * PAGE, SPARSE - PAGE };
	for (size_t i = 0; i < COUNT(places); i++)
		frame_fill(sparse + places[i], PAGE, 3000 + i);

	frame_wait();
	SABOTAGE("the last word of the dense mapping differs")
		dense[DENSE - 1] ^= 1;
	SABOTAGE("a never touched page holds something")
		holes[2 * PAGE + 5] = 1;
	SABOTAGE("a written page is zero")
		OK(madvise(holes + 3 * PAGE, PAGE, MADV_DONTNEED));
	SABOTAGE("a zeroed page holds something")
		zeros[63 * PAGE] = 1;
	SABOTAGE("the read-only mapping is writable")
		OK(mprotect(constant + 63 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	SABOTAGE("what lies under PROT_NONE is lost")
		OK(madvise(none, 64 * PAGE, MADV_DONTNEED));
	SABOTAGE("PROT_NONE can be read")
		OK(mprotect(none, PAGE, PROT_READ));
	SABOTAGE("the code is lost")
		OK(madvise(code, 4 * PAGE, MADV_DONTNEED));
	SABOTAGE("a gap is mapped")
		OK(mmap(islands + 5 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	SABOTAGE("the last page of the sparse mapping is lost")
		OK(madvise(sparse + places[2], PAGE, MADV_DONTNEED));

	frame_check_perms("dense", dense, DENSE, "rw-p");
	frame_check_pattern("dense", dense, DENSE, 1);
	frame_check_perms("holes", holes, DENSE, "rw-p");
	for (size_t i = 0; i < DENSE / PAGE; i++) {
		if (i % 3 == 0)
			frame_check_pattern("holes, written", holes + i * PAGE, PAGE, 1000 + i);
		else
			frame_check_zero("holes, not written", holes + i * PAGE, PAGE);
	}
	frame_check_zero("zeros", zeros, 64 * PAGE);
	frame_check_perms("constant", constant, 64 * PAGE, "r--p");
	frame_check_pattern("constant", constant, 64 * PAGE, 2);
	frame_check_perms("none", none, 64 * PAGE, "---p");
	OK(mprotect(none, 64 * PAGE, PROT_READ));
	frame_check_pattern("none", none, 64 * PAGE, 3);
	frame_check_perms("code", code, 4 * PAGE, "r-xp");
	CHECK_MEM("code", code + 2 * PAGE, return_42, sizeof(return_42));
	CHECK_EQ("code runs", ((int (*)(void))(code + 2 * PAGE))(), 42);
	for (size_t i = 0; i < 96; i += 3) {
		frame_check_pattern("island", islands + i * PAGE, 2 * PAGE, 2000 + i);
		frame_check_unmapped("gap", islands + (i + 2) * PAGE, PAGE);
	}
	frame_check_perms("sparse", sparse, SPARSE, "rw-p");
	for (size_t i = 0; i < COUNT(places); i++)
		frame_check_pattern("sparse", sparse + places[i], PAGE, 3000 + i);
	frame_check_zero("sparse", sparse + SPARSE / 4, 1 << 20);
	frame_check_zero("sparse", sparse + PAGE, 1 << 20);

	/* everything can still be written */
	frame_fill(dense, DENSE, 4);
	frame_fill(holes, DENSE, 5);
	frame_check_pattern("dense again", dense, DENSE, 4);
	frame_check_pattern("holes again", holes, DENSE, 5);
	return frame_pass();
}
