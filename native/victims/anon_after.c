/*
 * What a program does with its memory later, done after the restore: mremap (grow in place, grow and
 * move, shrink, DONTUNMAP), MADV_DONTNEED, munmap of a middle, mprotect, fork with writes on both sides.
 * All of it must look as anonymous memory does, whatever lies behind the mapping by then.
 */
#include "frame.h"

#define SIZE (256 * PAGE)

int main(int argc, char **argv)
{
	frame_start(argc, argv);

	/* two neighbours: growth of the first must not show pages of the second */
	char *grown = frame_map(SIZE, PROT_READ | PROT_WRITE, 0);
	char *moved = frame_map(SIZE, PROT_READ | PROT_WRITE, 0);
	char *shrunk = frame_map(SIZE, PROT_READ | PROT_WRITE, 0);
	char *left = frame_map(SIZE, PROT_READ | PROT_WRITE, 0);
	char *dropped = frame_map(SIZE, PROT_READ | PROT_WRITE, 0);
	char *cut = frame_map(SIZE, PROT_READ | PROT_WRITE, 0);
	char *forked = frame_map(SIZE, PROT_READ | PROT_WRITE, 0);
	char *const all[] = { grown, moved, shrunk, left, dropped, cut, forked };

	for (size_t i = 0; i < COUNT(all); i++)
		frame_fill(all[i], SIZE, 10 + i);

	frame_wait();
	SABOTAGE("a page beside the dropped ones is lost")
		OK(madvise(dropped + SIZE - PAGE, PAGE, MADV_DONTNEED));
	SABOTAGE("a page of the grown mapping is lost")
		OK(madvise(grown + 255 * PAGE, PAGE, MADV_DONTNEED));
	SABOTAGE("a page of the moved mapping is lost")
		OK(madvise(moved, PAGE, MADV_DONTNEED));
	SABOTAGE("a page of the mapping that stays behind is lost")
		OK(madvise(left, PAGE, MADV_DONTNEED));
	SABOTAGE("the mapping to be forked is shared")
		OK(mmap(forked, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));

	char *p = mremap(grown, SIZE, 2 * SIZE, MREMAP_MAYMOVE);
	CHECK("mremap to grow", p != MAP_FAILED);
	frame_check_pattern("grown, old part", p, SIZE, 10);
	frame_check_zero("grown, new part", p + SIZE, SIZE);
	frame_fill(p + SIZE, SIZE, 30);
	frame_check_pattern("grown, new part written", p + SIZE, SIZE, 30);

	char *target = frame_map(SIZE, PROT_NONE, 0);
	p = mremap(moved, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
	CHECK("mremap to move", p == target);
	frame_check_pattern("moved", p, SIZE, 11);
	frame_check_unmapped("old place of moved", moved, PAGE);

	p = mremap(shrunk, SIZE, PAGE, 0);
	CHECK("mremap to shrink", p == shrunk);
	frame_check_pattern("shrunk", shrunk, PAGE, 12);
	frame_check_unmapped("cut off", shrunk + PAGE, PAGE);

	p = mremap(left, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	CHECK("mremap that leaves the mapping", p != MAP_FAILED && p != left);
	frame_check_pattern("moved away", p, SIZE, 13);

	/* the half that goes has pages read, written and not touched since the restore */
	volatile char seen = dropped[0];
	(void)seen;
	dropped[PAGE] = 1;
	bool drop = true;
	SABOTAGE("the advice is ignored")
		drop = false;
	if (drop)
		OK(madvise(dropped, SIZE / 2, MADV_DONTNEED));
	frame_check_zero("dropped", dropped, SIZE / 2);
	for (size_t i = SIZE / 16; i < SIZE / 8; i++)
		CHECK_EQ("not dropped", ((uint64_t *)dropped)[i], frame_word(14, i));
	dropped[3 * PAGE] = 7;
	CHECK_EQ("dropped and written", dropped[3 * PAGE], 7);
	CHECK_EQ("beside it", dropped[3 * PAGE + 1], 0);

	OK(munmap(cut + 8 * PAGE, 8 * PAGE));
	frame_check_unmapped("middle", cut + 8 * PAGE, 8 * PAGE);
	OK(mprotect(cut, 4 * PAGE, PROT_READ));
	frame_check_perms("protected", cut, 4 * PAGE, "r--p");
	frame_check_perms("not protected", cut + 4 * PAGE, 4 * PAGE, "rw-p");
	frame_check_pattern("before the middle", cut, 8 * PAGE, 15);

	pid_t child = OK(fork());
	if (child == 0) {
		frame_check_pattern("forked, in the child", forked, SIZE, 16);
		frame_fill(forked, SIZE, 40);
		frame_check_pattern("forked, in the child, written", forked, SIZE, 40);
		_exit(0);
	}
	frame_reap(child, 0);
	frame_check_pattern("forked, in the parent", forked, SIZE, 16);
	return frame_pass();
}
