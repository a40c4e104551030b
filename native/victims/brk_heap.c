/* The brk heap: its content, its end, growth after the restore (zeros), shrinking, growing again (zeros). */
#include "frame.h"

#define SIZE (1UL << 20)

/* Of the system call, since libc keeps a brk of its own. */
static char *set_brk(char *end)
{
	return (char *)syscall(SYS_brk, end);
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);

	/* libc takes its arena now, and nothing from the heap later */
	struct frame_vma vma;
	frame_vma_at(main, &vma);
	char *base = (char *)(((uintptr_t)set_brk(NULL) + PAGE - 1) & ~(PAGE - 1));
	char *end = base + SIZE + 123;
	CHECK("brk", set_brk(end) == end);
	frame_fill(base, SIZE, 1);

	frame_wait();
	SABOTAGE("the end of the heap differs")
		set_brk(end - PAGE);
	SABOTAGE("a page of the heap is lost")
		OK(madvise(base + SIZE - PAGE, PAGE, MADV_DONTNEED));

	CHECK_EQ("end of the heap", set_brk(NULL), end);
	frame_check_pattern("heap", base, SIZE, 1);
	CHECK("mapped", frame_vma_at(base, &vma));
	CHECK_STR("permissions", vma.perms, "rw-p");

	char *more = base + 2 * SIZE;
	CHECK("growing", set_brk(more) == more);
	frame_check_zero("new part", end, more - end);
	frame_fill(base, 2 * SIZE, 2);
	CHECK("shrinking", set_brk(base + PAGE) == base + PAGE);
	frame_check_unmapped("given back", base + PAGE, PAGE);
	CHECK("growing again", set_brk(more) == more);
	frame_check_pattern("kept", base, PAGE, 2);
	frame_check_zero("given back and had again", base + PAGE, 2 * SIZE - PAGE);
	return frame_pass();
}
