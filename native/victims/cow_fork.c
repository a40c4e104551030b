/*
 * Copy-on-write sharing over three generations: pages nobody wrote since the fork, written by the parent,
 * by the child, by the grandchild, by all; and a smaller map of which each of the three writes one page.
 * Written again right after the restore, nobody sees the others.
 */
#include "frame.h"

#define PAGES 1024UL
#define FEW 64UL

static char *map;
static char *few;

/* Who wrote page i last, as generation g (0, 1, 2) sees it; -1: nobody since it was made. */
static int writer(unsigned long i, int g)
{
	switch (i % 6) {
	case 0: return -1;
	case 1: return g == 0 ? 0 : -1;
	case 2: return g == 1 ? 1 : -1;
	case 3: return g == 2 ? 2 : -1;
	case 4: return g;
	default: return g >= 1 ? 1 : -1;	/* by the child before it forked */
	}
}

static void check(int g)
{
	for (unsigned long i = 0; i < PAGES; i++) {
		int w = writer(i, g);
		frame_check_pattern("as dumped", map + i * PAGE, PAGE, w < 0 ? 1 : 10 + w);
	}
	for (unsigned long i = 0; i < FEW; i++)
		frame_check_pattern("hardly written", few + i * PAGE, PAGE, i == (unsigned long)g ? 10 + g : 1);
}

static void scribble(int g)
{
	for (unsigned long i = 0; i < PAGES; i += 2)
		frame_fill(map + i * PAGE, PAGE, 100 + g);
	for (unsigned long i = 0; i < PAGES; i++) {
		int w = writer(i, g);
		frame_check_pattern("written after", map + i * PAGE, PAGE,
				    i % 2 == 0 ? 100 + g : w < 0 ? 1 : 10 + w);
	}
}

static void write_own(int g)
{
	for (unsigned long i = 0; i < PAGES; i++) {
		if (i % 6 != 5 && writer(i, g) == g)
			frame_fill(map + i * PAGE, PAGE, 10 + g);
	}
	frame_fill(few + g * PAGE, PAGE, 10 + g);
}

int main(int argc, char **argv)
{
	pid_t pid = 0;
	int g;

	frame_start(argc, argv);
	map = frame_map(PAGES * PAGE, PROT_READ | PROT_WRITE, 0);
	for (unsigned long i = 0; i < PAGES; i++)
		frame_fill(map + i * PAGE, PAGE, 1);
	few = frame_map((FEW + 1) * PAGE, PROT_READ | PROT_WRITE, 0);
	OK(mprotect(few + FEW * PAGE, PAGE, PROT_NONE)); /* a VMA of its own */
	for (unsigned long i = 0; i < FEW; i++)
		frame_fill(few + i * PAGE, PAGE, 1);
	for (g = 0; g < 2; g++) {
		for (unsigned long i = 5; g == 1 && i < PAGES; i += 6)
			frame_fill(map + i * PAGE, PAGE, 11);
		pid = frame_fork();
		if (pid)
			break;
	}
	write_own(g);
	frame_wait();
	SABOTAGE("the parent sees a page of the child")
		if (g == 0)
			frame_fill(map + 2 * PAGE, PAGE, 11);
	SABOTAGE("the child lost its own page")
		if (g == 1)
			frame_fill(map + 2 * PAGE, PAGE, 1);
	SABOTAGE("the child sees what the parent wrote")
		if (g == 1)
			frame_fill(few, PAGE, 10);
	SABOTAGE("the grandchild lost what it shares")
		if (g == 2)
			OK(madvise(map, PAGE, MADV_DONTNEED));
	check(g);
	scribble(g);
	if (pid)
		frame_join(pid);
	return frame_pass();
}
