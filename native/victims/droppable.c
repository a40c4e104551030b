/*
 * MAP_DROPPABLE memory: content may go at any time, but whole pages only, the mapping stays what it is, and
 * a fork sees zeros. getrandom() through the vDSO keeps its state in such memory.
 */
#include "frame.h"

#include <sys/random.h>

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

#define PAGES 32

int main(int argc, char **argv)
{
	unsigned char bytes[64];

	frame_start(argc, argv);
	char *map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_DROPPABLE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED && errno == EINVAL)
		map = NULL;	/* before Linux 6.11 */
	else
		CHECK("mmap", map != MAP_FAILED);
	for (unsigned i = 0; map && i < PAGES; i++)
		frame_fill(map + i * PAGE, PAGE, i);
	CHECK_EQ("getrandom", OK(getrandom(bytes, sizeof(bytes), 0)), sizeof(bytes));

	frame_wait();
	SABOTAGE("the mapping is gone")
		OK(munmap(map, PAGES * PAGE));
	SABOTAGE("an ordinary mapping in its place")
		OK(mmap(map, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));

	struct frame_vma vma;
	for (unsigned i = 0; map && i < PAGES; i++) {
		CHECK("mapped", frame_vma_at(map + i * PAGE, &vma));
		CHECK("droppable", strstr(vma.vm_flags, " dp "));
		CHECK_STR("permissions", vma.perms, "rw-p");
		uint64_t *word = (uint64_t *)(map + i * PAGE);
		if (word[0])
			frame_check_pattern("page that was kept", word, PAGE, i);
		else
			frame_check_zero("page that was dropped", word, PAGE);
		word[0] = 1;
	}
	unsigned char more[64];
	CHECK_EQ("getrandom", OK(getrandom(more, sizeof(more), 0)), sizeof(more));
	CHECK("random bytes differ", memcmp(bytes, more, sizeof(bytes)));
	return frame_pass();
}
